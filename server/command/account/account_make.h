/*
 * Making a user with a token: guests, accounts, bots and the owner differ in a few values only.
 */
#ifndef PARLEY_COMMAND_ACCOUNT_ACCOUNT_MAKE_H
#define PARLEY_COMMAND_ACCOUNT_ACCOUNT_MAKE_H

#include "command/wait_store.h"

struct account_make {
	struct store_user_create op; /* first: as wait_store_with() wants it */
	struct buf password;
	char password_hash[SECRET_PASSWORD_CHARS];
	char token[SECRET_TOKEN_CHARS + 1];
	wait_done *then; /* on the loop, stored: answers */
};

/* Checks the name (a fault is answered; NULL then), and begins a wait. In then() it is the wait's `op`. */
struct account_make *account_make_begin(struct call *call, struct text name, enum user_kind kind, wait_done *then);
/* Prepares and hashes the password first when password.s is set; a fault of it is answered. */
void account_make_go(struct account_make *m, struct text password);
/* {"user":{…},"token":"…"} and, over HTTP, the cookie: the answer that most of them give. */
void account_make_answer(struct wait *w);
/* {"user_id":"…"}: the operator is told of whom it made, and signs in as nobody. */
void account_make_answer_id(struct wait *w);
void account_answer_id(const struct answer *a, const struct uid *id);
/* The name of a user or room that came as data.<member>, cleaned into shown and key; false when the fault was answered. */
bool account_clean_name(const struct call *call, const char *member, struct text name, struct buf *shown, struct buf *key);

#endif
