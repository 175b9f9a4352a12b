/*
 * Signing in with a token: reads the user and all memberships, unless they are in memory, and enters the session. Where others write to the store too, a session
 * that receives events enters when its rooms have come as far as the store was, and memory has the same memberships and marks.
 */
#ifndef PARLEY_CHAT_SIGN_IN_H
#define PARLEY_CHAT_SIGN_IN_H

#include "chat/chat_state.h"

/* Calls then(session, WIRE_OK, 0, arg) once the session is signed in, or then() with an error. session is NULL when it is gone; then() only frees arg. Never
 * called before this returns. */
void sign_in_by_token(struct session *s, const char *token, size_t n, void (*then)(struct session *s, enum wire_error error, void *arg),
		      void *arg);

/* Whether everybody's rate lets one more sign in for events: 0, or the milliseconds after which this one is to try again. A connection that stays until then has that
 * much more time to sign in. sign_in_by_token() asks this itself. */
uint32_t sign_in_admit(struct session *s);
/* sign_in_admit() let it through, and it became no sign-in. */
void sign_in_give_back(struct session *s);

#endif
