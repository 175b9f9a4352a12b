/*
 * The one way in which something that concerns an account reaches all of its connections: a read mark, a room that was joined or left, tokens that ended, a role. A
 * command that did such a thing tells its operation here and does nothing to sessions itself. What another instance told comes in through user_tell_apply(), and has
 * the same effects.
 *
 * A room that was joined or left is known from the room's own event (apply.h). The notice reaches instances that do not follow the room: an instance that has the
 * user in memory and lacks the event fetches it, or asks the store for the user's memberships. A notice that is late, comes twice, or is about nobody in memory
 * changes nothing that is newer.
 *
 * Loop thread only.
 */
#ifndef PARLEY_CHAT_USER_TELL_H
#define PARLEY_CHAT_USER_TELL_H

#include "chat/chat_state.h"
#include "store/server_events.h"

/* What an operation did that concerns people. It is taken while the operation has its events, and told when they are handed on. */
struct told {
	struct user_notice notices[OP_NOTICES_MAX];
	size_t n;
	uint64_t log_seq;
	bool has_server_event;
};

/* Hands it to chat.outgoing, applies it here, and says that it did not come from another instance (server_log_wrote()). Watchers of
 * server-wide events are told. `asker`: as below. */
void user_tell_all(struct chat *c, const struct told *told, uint64_t asker);
struct told user_told_by(const struct store_op *op);
/* Takes and tells at once, for an operation without events. */
void user_tell_op(struct chat *c, const struct store_op *op, uint64_t asker);

/* Applies what an instance has done. `asker`: the id of the session here that knows from its reply, or 0. */
void user_tell_apply(struct chat *c, const struct user_notice *n, uint64_t asker);

#endif
