/*
 * A password that came with a request, in the one form in which passwords are hashed (text_password.h). Loop thread, except where it says otherwise.
 */
#ifndef PARLEY_COMMAND_ACCOUNT_PASSWORD_H
#define PARLEY_COMMAND_ACCOUNT_PASSWORD_H

#include "command/answer.h"

/* Both limits count the prepared form: what one keyboard sends in 12 bytes is 8 bytes from another. Fills `out`; false when a fault was answered. */
bool password_take(const struct answer *a, struct text given, struct buf *out);
/* Wipes, then frees. */
void password_finish(struct buf *password);

/* What a login has to try. */
struct password_tries {
	struct buf prepared; /* empty: it cannot be prepared */
	bool raw_too;        /* a hash of an earlier version is of the bytes as they were sent */
};

/* Nothing is refused but what is too long: a wrong password is one that is not the account's. */
bool password_tries_take(const struct answer *a, struct text given, struct password_tries *out);
/* Whether the password is the one of `hash` (NULL: nobody's), in the same time for nobody's. *renewed: whether it was, as it was sent, and there is a new hash
 * of the prepared form in `renewed_hash`. Hashing thread. */
bool password_tries_verify(const struct password_tries *p, struct text given, const char *hash, char renewed_hash[SECRET_PASSWORD_CHARS],
			   bool *renewed);

#endif
