/* What the library tells us of HTTP. Private to net/. */
#ifndef PARLEY_NET_HTTP_EVENTS_H
#define PARLEY_NET_HTTP_EVENTS_H

#include "net/conn.h"

/* Answers the library's callback: 0, or -1 to close. */
int http_event(struct conn *c, enum lws_callback_reasons reason, void *in, size_t len);

#endif
