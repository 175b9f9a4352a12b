/*
 * Exchanges in flight, many at once: libcurl's multi interface over an epoll descriptor of its own. libcurl says which of its sockets it waits for and how
 * (curl_multi_socket_action(3)), and the cost of a step follows from what happened, not from how many are in flight.
 *
 * Owned by the thread that runs it, which is the only one that calls it. webhook_engine.h has that thread. An exchange belongs to it from webhook_multi_add()
 * until ended() is called.
 */
#ifndef PARLEY_WEBHOOK_MULTI_H
#define PARLEY_WEBHOOK_MULTI_H

#include "webhook/webhook_exchange.h"

struct webhook_multi;

/* `connections_max` bounds the open connections that wait for a next exchange together with those in use. libcurl counts both against it, so a smaller number
 * than that of the exchanges in flight would close the connections of fast endpoints while slow ones wait. Calls ended(arg, x) from webhook_multi_run() and
 * webhook_multi_cancel(). */
struct webhook_multi *webhook_multi_new(size_t connections_max, void (*ended)(void *arg, struct webhook_exchange *x), void *arg);
/* Nothing is in flight. Accepts NULL. */
void webhook_multi_destroy(struct webhook_multi *m);
/* Also waits for this descriptor to become readable. It stays the caller's. */
void webhook_multi_watch(struct webhook_multi *m, int fd);
void webhook_multi_add(struct webhook_multi *m, struct webhook_exchange *x);
/* Ends those in flight that are cancelled, or all of them. */
void webhook_multi_cancel(struct webhook_multi *m, bool all);
/* Waits until something happens, at most wait_ms (-1: for any time), and does what is due. Returns whether the watched descriptor is readable. */
bool webhook_multi_run(struct webhook_multi *m, int wait_ms);

#endif
