/*
 * Signing in with a token: reads the user and all memberships, unless they are in memory, and enters the session. Where others write to the store too, a session
 * that receives events enters when its rooms have come as far as the store was.
 */
#ifndef PARLEY_CHAT_SIGN_IN_H
#define PARLEY_CHAT_SIGN_IN_H

#include "chat/chat_state.h"

/* Calls then(session, WIRE_OK, 0, arg) once the session is signed in, or then() with an error. session is NULL when it is gone; then() only frees arg. Never
 * called before this returns. */
void sign_in_by_token(struct session *s, const char *token, size_t n, void (*then)(struct session *s, enum wire_error error, void *arg),
		      void *arg);

#endif
