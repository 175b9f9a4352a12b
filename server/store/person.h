/*
 * How events and answers name somebody. Beside the chat's, the store uses it: of some events only the store knows whom they are about.
 */
#ifndef PARLEY_STORE_PERSON_H
#define PARLEY_STORE_PERSON_H

#include "store/store.h"

/* {"id","name","kind"} */
void person_encode(struct buf *b, const struct uid *id, const char *name, enum user_kind kind);
/* {"user":{…}}: the data of an event about somebody who left. */
void person_encode_left(struct buf *b, const struct uid *id, const char *name, enum user_kind kind);
/* {"user":{…},"role":…}: the data of an event about a member; `by`: an encoded person, where it has one (s NULL: none). */
void person_encode_member(struct buf *b, const struct store_user *u, enum member_role role, struct text by);
const char *person_kind(enum user_kind k);
const char *person_member_role(enum member_role r);

#endif
