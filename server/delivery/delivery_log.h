/*
 * The newest attempts of a webhook to deliver something, each encoded once (type.webhook_delivery). They are stored now and then, as one text (op_webhook.h), so that a success costs no
 * write of its own. Loop thread only.
 */
#ifndef PARLEY_DELIVERY_DELIVERY_LOG_H
#define PARLEY_DELIVERY_DELIVERY_LOG_H

#include "codec/buf.h"
#include "store/event.h"
#include "webhook/webhook_outcome.h"

enum { DELIVERY_LOG_MAX = 100, DELIVERY_LOG_REPLY_BYTES = 200 };

struct delivery_log {
	char *attempts[DELIVERY_LOG_MAX]; /* attempt n is at n % DELIVERY_LOG_MAX; NULL: there is none */
	uint64_t n;                       /* the number of the newest one */
	bool is_dirty;                    /* it has some that are not stored */
	uint64_t stored_ms;               /* when it was stored last */
};

void delivery_log_finish(struct delivery_log *log);
/* Takes what was stored; text that is no log is none. */
void delivery_log_read(struct delivery_log *log, const char *text);
void delivery_log_add(struct delivery_log *log, const struct event *e, uint64_t tries, const struct webhook_outcome *o, int64_t at_ms);
/* Appends a JSON array, the newest last. */
void delivery_log_write(const struct delivery_log *log, struct buf *out);
/* Appends ,"status":…,"latency_ms":…,"reply":… of an outcome. A reply that is no text is left out. */
void delivery_log_outcome(struct buf *out, const struct webhook_outcome *o);

#endif
