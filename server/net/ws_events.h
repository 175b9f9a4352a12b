/* What the library tells us of WebSockets. Private to net/. */
#ifndef PARLEY_NET_WS_EVENTS_H
#define PARLEY_NET_WS_EVENTS_H

#include "net/conn.h"

/* Answers the library's callback: 0, or -1 to close. */
int ws_event(struct conn *c, enum lws_callback_reasons reason, void *in, size_t len);

#endif
