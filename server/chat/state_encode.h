/*
 * State as clients see it: the objects in replies, and the `data` of events. All append an encoded JSON object.
 */
#ifndef PARLEY_CHAT_STATE_ENCODE_H
#define PARLEY_CHAT_STATE_ENCODE_H

#include "chat/chat_state.h"

void state_encode_hello(struct buf *b, const struct chat *c); /* the whole frame */
/* {"id","name","kind"}: an author, a member. */
void state_encode_person(struct buf *b, const struct user *u);
/* {"id","name","kind","role"}: the caller's own user. */
void state_encode_user(struct buf *b, const struct uid *id, const char *name, enum user_kind kind, enum user_role role);
/* {"user","token"}: the answer to signing up, signing in and making bots. */
void state_encode_token(struct buf *b, const struct store_user *u, const char *token);
/* A room; member NULL: without role, read_seq and unread. */
void state_encode_room(struct buf *b, const struct room *r, const struct member *m);
/* {"read_seq","read_messages","unread"} */
void state_encode_mark(struct buf *b, const struct member *m);
/* A room with `member`, for a caller who may look without being a member. */
void state_encode_found_room(struct buf *b, const struct room *r, const struct member *m);
/* A room from the store, as a row of a list. */
void state_encode_listed_room(struct buf *b, const struct store_room *r, bool is_member);
const char *state_room_kind(enum room_kind k);

#endif
