/*
 * A password from a request, in the one form in which passwords are hashed (text_password.h). Loop thread, except where a function says otherwise.
 */
#ifndef PARLEY_COMMAND_ACCOUNT_PASSWORD_H
#define PARLEY_COMMAND_ACCOUNT_PASSWORD_H

#include "command/answer.h"

/* Fills `out`; false when a fault was answered. Both limits count the prepared form, because one keyboard sends in 12 bytes what another sends in 8. */
bool password_take(const struct answer *a, struct text given, struct buf *out);
/* Wipes, then frees. */
void password_finish(struct buf *password);

/* What a login tries. */
struct password_tries {
	struct buf prepared; /* empty: the password cannot be prepared */
	bool raw_too;        /* an earlier version hashed the bytes as they were sent */
};

/* Refuses only what is too long: any other password can only be wrong. */
bool password_tries_take(const struct answer *a, struct text given, struct password_tries *out);
/* Whether the password is the one of `hash` (NULL: nobody's). Takes the same time for nobody's. *renewed: the unprepared password matched, and `renewed_hash` has
 * a new hash of the prepared form. Hashing thread. */
bool password_tries_verify(const struct password_tries *p, struct text given, const char *hash, char renewed_hash[SECRET_PASSWORD_CHARS],
			   bool *renewed);

#endif
