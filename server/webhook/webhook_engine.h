/*
 * The thread of the exchanges. The loop gives exchanges to it and gets them back ended.
 *
 * Why a thread and not the loop. Both were built on webhook_multi.h and measured with events of 400 bytes, posted over plain HTTP to nginx on the same machine
 * of two cores (libcurl 7.88, three rounds, alternating):
 *
 *                             thread                  loop
 *     16 in flight            28 us of CPU each       22 us     both more than 40,000 a second
 *     one at a time           126 us of CPU each      57 us     120 and 73 us from one to the next
 *     first connection over TLS, with the system's certificates: one step of 20 ms in either
 *
 * The thread costs a quarter more and 50 us of delay. On the loop, 5,000 events a second would take a tenth of the time of all chat, and a single step of 20 ms
 * would delay everybody. libcurl keeps the parsed certificates, but only of one file: an endpoint with a file of its own makes it parse the system's again.
 *
 * Owner: the sender. All functions are for the loop thread. An exchange belongs to the engine from webhook_engine_begin() until ended() is called.
 */
#ifndef PARLEY_WEBHOOK_ENGINE_H
#define PARLEY_WEBHOOK_ENGINE_H

#include "base/loop.h"
#include "webhook/webhook_multi.h"

struct webhook_engine;

/* Calls ended(arg, x) on the loop thread, once for each exchange. Returns NULL when there is no descriptor or no thread to be had. */
struct webhook_engine *webhook_engine_open(struct loop *l, size_t connections_max, void (*ended)(void *arg, struct webhook_exchange *x),
					   void *arg);
void webhook_engine_begin(struct webhook_engine *e, struct webhook_exchange *x);
/* Looks for exchanges whose is_cancelled was set. They end soon. */
void webhook_engine_cancel(struct webhook_engine *e);
/* Ends the thread, and calls ended() for everything in flight, cancelled. libcurl waits for nothing here, so that it takes milliseconds. Accepts NULL. */
void webhook_engine_close(struct webhook_engine *e);

#endif
