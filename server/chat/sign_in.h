/*
 * Signing in with a token: reads the user and all memberships, unless they are in memory, and enters the session.
 */
#ifndef PARLEY_CHAT_SIGN_IN_H
#define PARLEY_CHAT_SIGN_IN_H

#include "command/answer.h"

/* then(session, WIRE_OK, 0, arg) once the session is signed in; or with an error. session is NULL when it is gone: only arg is to be freed. Not
 * called from inside. */
void sign_in_by_token(struct session *s, const char *token, size_t n, void (*then)(struct session *s, enum wire_error error, void *arg),
		      void *arg);

/* Answers the error, and when to try again. */
void sign_in_refuse(const struct session *s, const struct answer *a, enum wire_error error);

#endif
