/*
 * Making a user with a token: guests, accounts, bots and the owner differ in a few values only.
 */
#ifndef PARLEY_COMMAND_ACCOUNT_ACCOUNT_MAKE_H
#define PARLEY_COMMAND_ACCOUNT_ACCOUNT_MAKE_H

#include "command/answer.h"

struct account_make {
	struct store_user_create op; /* first: the store hands this back */
	struct worker_job hashing;
	struct wait wait;
	struct buf name, name_key, password;
	char password_hash[SECRET_PASSWORD_CHARS];
	char token[SECRET_TOKEN_CHARS + 1];
	void (*then)(struct account_make *m); /* on the loop, stored; answers. The maker frees m afterwards */
};

/* Checks the name (a fault is answered; NULL then), and begins a wait. */
struct account_make *account_make_begin(struct call *call, struct text name, enum user_kind kind, void (*then)(struct account_make *m));
/* Prepares and hashes the password first when password.s is set; a fault of it is answered. */
void account_make_go(struct account_make *m, struct text password);
/* {"user":{…},"token":"…"} and, over HTTP, the cookie: the answer that most of them give. */
void account_make_answer(struct account_make *m);
/* {"user_id":"…"}: the operator is told of whom it made, and signs in as nobody. */
void account_make_answer_id(struct account_make *m);
/* The name of a user or room that came as data.<member>, cleaned into shown and key; false when the fault was answered. */
bool account_clean_name(const struct call *call, const char *member, struct text name, struct buf *shown, struct buf *key);

#endif
