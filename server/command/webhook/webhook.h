/*
 * What the commands about outgoing webhooks share: finding the one that a request names, reading what a request says of one, and showing it. Loop thread only.
 */
#ifndef PARLEY_COMMAND_WEBHOOK_WEBHOOK_H
#define PARLEY_COMMAND_WEBHOOK_WEBHOOK_H

#include "command/subscription_request.h"

/* Finds the webhook of the caller that `webhook` names by its id or its name, which has to live until then, and calls found() with the struct store_webhook_find in w->op; or answers. */
void webhook_find(struct call *call, struct text webhook, wait_done *found);
/* In found(): answers that there is none, or why it cannot be known. Whether it did. */
bool webhook_failed(const struct wait *w);

/* What is given of a webhook, checked and as it is kept. False: something is wrong, which was answered. What is absent is nothing. */
bool webhook_read_url(const struct call *call, struct text given);
bool webhook_read_headers(const struct call *call, const json_t *given, struct buf *out);
bool webhook_read_ca(const struct call *call, struct text given);

/* type.webhook */
void webhook_encode(struct buf *b, const struct store_subscription_listed *s, const struct store_webhook *w);

#endif
