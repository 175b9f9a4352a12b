/*
 * Events for one connection only: not remembered, no seq, through the outbox. To all connections of a user: user_news.h.
 */
#ifndef PARLEY_CHAT_PERSONAL_EVENT_H
#define PARLEY_CHAT_PERSONAL_EVENT_H

#include "chat/chat_state.h"

/* To one session (WebSocket or event stream). room NULL: none. `data` is an encoded object. */
void personal_event_tell(struct session *s, enum event_type type, const struct uid *room, const void *data, size_t n);
/* The same, encoded already. */
void personal_event_send(struct session *s, const void *json, size_t n);
/* room.gap: from..to will not come. */
void personal_event_gap(struct reader *reader, uint64_t from, uint64_t to, const char *reason);

#endif
