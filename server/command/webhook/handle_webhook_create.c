/* Makes an outgoing webhook, and tells its endpoint so by a webhook.ping. */
#include "command/dispatch.h"
#include "command/webhook/webhook.h"
#include "delivery/deliveries.h"

#include <errno.h>
#include <stdlib.h>

enum { TRIES_NONE = 1 }; /* a webhook has the server's schedule */

struct make {
	struct store_subscription_create op; /* first: wait_store_with() needs it there */
	struct webhook_given given;
	char secret[WEBHOOK_SECRET_CHARS + 1];
};

static void wipe(struct wait *w)
{
	struct make *m = w->op;
	secret_wipe(m->secret, sizeof(m->secret));
}

static char *copy(struct text t)
{
	return mem_strndup(t.s, t.n);
}

static void answer_made(const struct wait *w, const struct make *m)
{
	const struct store_subscription_create *op = &m->op;
	auto_buf data = BUF_INIT;
	struct store_subscription_listed made = {.subscription = {.id = op->id,
								  .owner_no = op->owner_no,
								  .name = copy(op->name),
								  .filter = copy(op->filter),
								  .order = op->order,
								  .created_ms = op->created_ms}};
	struct store_webhook webhook = {.url = copy(m->given.url),
					.secret = copy(m->given.secret),
					.old_secret = copy((struct text){"", 0}),
					.ca = copy(m->given.ca),
					.headers = copy(m->given.headers)};
	(void)deliveries_ping(w->answer.chat, &made.subscription, &webhook, NULL, NULL);
	buf_append_str(&data, "{\"webhook\":");
	webhook_encode(&data, &made, &webhook);
	buf_appendf(&data, ",\"secret\":\"%s\"}", m->secret);
	answer_ok(&w->answer, &data);
	secret_wipe(data.data, data.len);
	store_subscription_finish(&made.subscription);
	store_webhook_finish(&webhook);
}

static void created(struct wait *w)
{
	const struct make *m = w->op;
	if (w->result == -EDQUOT) {
		answer_error(&w->answer, WIRE_LIMIT_REACHED, "this account has as many webhooks as it may have (limit account_webhooks)",
			     0);
		return;
	}
	if (wait_failed(w, WIRE_INTERNAL, NULL))
		return;
	answer_made(w, m);
	deliveries_wake(w->answer.chat, m->op.subscription_no);
}

static bool read_all(const struct call *call, struct buf *name, struct buf *filter, struct buf *headers)
{
	const struct data_webhook_create *d = &call->request->data.webhook_create;
	bool good = subscription_read_name(call, d->name, name) && webhook_read_url(call, d->url) &&
		    subscription_read_filter(call, d->filter, filter) && webhook_read_headers(call, d->headers, headers) &&
		    webhook_read_ca(call, d->ca);
	if (good && filter->len == 0)
		buf_append_str(filter, "{}");
	if (good && headers->len == 0)
		buf_append_str(headers, "{}");
	return good;
}

void handle_webhook_create(struct call *call)
{
	auto_buf name = BUF_INIT, filter = BUF_INIT, headers = BUF_INIT;
	if (call->user->kind == USER_GUEST) {
		call_error(call, WIRE_FORBIDDEN, "a guest has no webhooks");
		return;
	}
	if (!read_all(call, &name, &filter, &headers) || call_all_rooms_must_wait(call))
		return;
	struct make *m = wait_store_with(call, STORE_SUBSCRIPTION_CREATE, sizeof(*m), created, wipe);
	const struct data_webhook_create *d = &call->request->data.webhook_create;
	uid_random(&m->op.id, 1);
	webhook_secret_make(m->secret);
	m->op.owner_no = call->user->no;
	m->op.kind = SUBSCRIPTION_WEBHOOK;
	m->op.order = d->has_order && d->order == WEBHOOK_ORDER_PER_ROOM ? SUBSCRIPTION_PER_ROOM : SUBSCRIPTION_ANY_ORDER;
	m->op.name = wait_keep(m, &name);
	m->op.filter = wait_keep(m, &filter);
	m->op.ack_wait_ms = m->op.max_tries = TRIES_NONE;
	m->op.most = call->chat->config.limits.account_webhooks;
	m->op.from_ms = subscription_place(d->has_since_ms, d->since_ms, d->has_from && d->from == CONSUMER_PLACE_START);
	m->given = (struct webhook_given){.url = d->url,
					  .ca = d->ca.s ? d->ca : (struct text){"", 0},
					  .headers = wait_keep(m, &headers),
					  .secret = {m->secret, WEBHOOK_SECRET_CHARS}};
	m->op.webhook = &m->given;
	wait_go(m);
}
