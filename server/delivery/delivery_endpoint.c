/* What the sender is told of a webhook. */
#include "base/clock.h"
#include "delivery/delivery_state.h"
#include "webhook/webhook_wanted.h"

#include <stdlib.h>
#include <string.h>

struct webhook_sender *delivery_sender(struct deliveries *d)
{
	const struct webhook_sender_options options = {.policy = d->config.policy};
	if (!d->sender && !d->is_closing)
		d->sender = webhook_sender_open(d->chat->loop, &options);
	return d->sender;
}

struct webhook_endpoint *delivery_endpoint_new(struct deliveries *d, const struct store_webhook *w)
{
	struct webhook_sender *sender = delivery_sender(d);
	struct webhook_header headers[WEBHOOK_HEADERS_MAX];
	json_auto_t *json = json_loads(w->headers, JSON_REJECT_DUPLICATES, NULL);
	struct webhook_endpoint_options o = {
		.url = w->url, .ca = w->ca[0] ? w->ca : NULL, .headers = headers, .n_headers = webhook_headers_of(json, headers)};
	if (!sender)
		return NULL;
	(void)webhook_secret_parse(w->secret, strlen(w->secret), &o.secrets[0]);
	if (w->old_secret[0] && w->old_until_ms > clock_wall_ms())
		(void)webhook_secret_parse(w->old_secret, strlen(w->old_secret), &o.secrets[1]);
	struct webhook_endpoint *e = webhook_endpoint_new(sender, &o);
	secret_wipe(o.secrets, sizeof(o.secrets));
	return e;
}
