/*
 * Making a user with a token: guests, accounts, bots and the owner differ in a few values only.
 */
#ifndef PARLEY_COMMAND_ACCOUNT_ACCOUNT_MAKE_H
#define PARLEY_COMMAND_ACCOUNT_ACCOUNT_MAKE_H

#include "command/wait_store.h"

struct account_make {
	struct store_user_create op; /* first: wait_store_with() needs it there */
	struct buf password;
	char password_hash[SECRET_PASSWORD_CHARS];
	char token[SECRET_TOKEN_CHARS + 1];
	uint8_t owner_link[SECRET_HASH_BYTES];       /* what op.owner_link points to */
	void (*refuse_code)(const struct answer *a); /* answers that the link makes nobody the owner; NULL: there is none */
	wait_done *then;                             /* runs on the loop when the user is stored, and answers */
};

/* Checks the name and begins a wait. NULL when the name has a fault, which was answered. In then() the result is the wait's `op`. */
struct account_make *account_make_begin(struct call *call, struct text name, enum user_kind kind, wait_done *then);
/* Prepares and hashes the password first when password.s is set; answers a fault of it. */
void account_make_go(struct account_make *m, struct text password);
/* Answers {"user":{…},"token":"…"} and, over HTTP, sets the cookie: the answer of most of these commands. */
void account_make_answer(struct wait *w);
/* Answers {"user_id":"…"}: the operator learns whom the command made, and is not signed in. */
void account_make_answer_id(struct wait *w);
void account_answer_id(const struct answer *a, const struct uid *id);
/* Cleans the name of a user or room, which came as data.<member>, into shown and key; false when a fault was answered. */
bool account_clean_name(const struct call *call, const char *member, struct text name, struct buf *shown, struct buf *key);

#endif
