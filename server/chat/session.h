/*
 * A session: what the chat knows of one connection or request. chat.h declares what the transports call; this is what chat/ itself uses.
 */
#ifndef PARLEY_CHAT_SESSION_H
#define PARLEY_CHAT_SESSION_H

#include "chat/chat_state.h"

/* NULL when it is gone. */
struct session *session_by_id(struct chat *c, uint64_t id);
/* Signs it in. A session that receives events joins the user's. */
void session_enter(struct session *s, struct user *u, const uint8_t *token_hash, enum token_kind kind);
/* Whether events go to it (WebSocket, event stream). */
static inline bool session_receives(const struct session *s)
{
	return s->follower.transport != TRANSPORT_HTTP;
}
/* Ends the receiving sessions of the user that were signed in with this token. */
void session_cut(struct user *u, const uint8_t *token_hash);
/* The same with any token of these kinds: session tokens, or (TOKEN_BOT) those of bots too. */
void session_cut_all(struct user *u, enum token_kind up_to);

#endif
