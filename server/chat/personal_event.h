/*
 * Events for one connection or one user only: not remembered, no seq, through the outbox.
 */
#ifndef PARLEY_CHAT_PERSONAL_EVENT_H
#define PARLEY_CHAT_PERSONAL_EVENT_H

#include "chat/chat_state.h"

/* To one session (WebSocket or event stream). room NULL: none. `data` is an encoded object. */
void personal_event_tell(struct session *s, enum event_type type, const struct uid *room, const void *data, size_t n);
/* To all sessions of the user but `except` (or NULL). */
void personal_event_tell_user(struct user *u, const struct session *except, enum event_type type, const struct uid *room, const void *data,
			      size_t n);
/* room.gap: from..to will not come. */
void personal_event_gap(struct reader *reader, uint64_t from, uint64_t to, const char *reason);

#endif
