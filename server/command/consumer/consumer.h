/*
 * What the commands about consumers share: finding the one that a request names, and its events in a reply. Loop thread only.
 */
#ifndef PARLEY_COMMAND_CONSUMER_CONSUMER_H
#define PARLEY_COMMAND_CONSUMER_CONSUMER_H

#include "command/subscription_request.h"

/* Finds the consumer of the caller that `consumer` names by its id or its name, which has to live until the answer, then calls found() with the struct store_subscription_find in w->op, which goes on with wait_next(); or answers. */
void consumer_find(struct call *call, struct text consumer, wait_done *found);
/* In found(): answers that there is none, or why it cannot be known. Whether it did. */
bool consumer_failed(const struct wait *w);
/* An array of event numbers as the store wants them, kept until the wait ends. */
const int64_t *consumer_deliveries(void *op, const uint64_t *deliveries, size_t n);
/* {"delivery","tries","event"}, with "worker" where one is given. */
void consumer_encode_event(struct buf *b, const struct event *e, uint64_t delivery, uint64_t tries, const char *worker);
/* {"id","name","filter","ack_wait_ms","max_tries","created","waiting","set_aside","behind"} */
void consumer_encode(struct buf *b, const struct store_subscription_listed *c);

#endif
