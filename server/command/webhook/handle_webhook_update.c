/* Changes an outgoing webhook. */
#include "command/dispatch.h"
#include "command/webhook/webhook.h"
#include "delivery/deliveries.h"

struct change {
	struct store_subscription_update op; /* first: wait_next_with() needs it there */
	struct webhook_given given;
};

static void updated(struct wait *w)
{
	const struct store_subscription_update *op = w->op;
	if (wait_failed(w, WIRE_NOT_FOUND, "you have no such webhook"))
		return;
	deliveries_wake(w->answer.chat, op->subscription_no);
	answer_ok(&w->answer, NULL);
}

/* The bytes, or nothing: what is absent stays. */
static struct text keep(void *op, struct buf *b)
{
	return b->len > 0 ? wait_keep(op, b) : (struct text){.s = NULL};
}

static void found(struct wait *w)
{
	if (webhook_failed(w))
		return;
	const struct call call = {.chat = w->answer.chat, .session = answer_session(&w->answer), .user = w->user, .request = &w->request};
	const struct data_webhook_update *d = &w->request.data.webhook_update;
	auto_buf name = BUF_INIT, filter = BUF_INIT, headers = BUF_INIT;
	/* They were good before. */
	if (!call.session || !subscription_read_name(&call, d->name, &name) || !subscription_read_filter(&call, d->filter, &filter) ||
	    !webhook_read_headers(&call, d->headers, &headers))
		return;
	uint64_t no = ((const struct store_webhook_find *)w->op)->subscription.no;
	struct change *c = wait_next_with(w, STORE_SUBSCRIPTION_UPDATE, sizeof(*c), updated);
	c->op.subscription_no = no;
	c->op.name = keep(c, &name);
	c->op.filter = keep(c, &filter);
	c->op.order = d->has_order ? d->order == WEBHOOK_ORDER_PER_ROOM ? SUBSCRIPTION_PER_ROOM : SUBSCRIPTION_ANY_ORDER : -1;
	c->op.status = d->has_status ? d->status == WEBHOOK_STATUS_ACTIVE ? SUBSCRIPTION_ACTIVE : SUBSCRIPTION_DISABLED : -1;
	c->given = (struct webhook_given){.url = d->url, .ca = d->ca, .headers = keep(c, &headers)};
	c->op.webhook = &c->given;
	wait_go(c);
}

void handle_webhook_update(struct call *call)
{
	const struct data_webhook_update *d = &call->request->data.webhook_update;
	auto_buf name = BUF_INIT, filter = BUF_INIT, headers = BUF_INIT;
	if (subscription_read_name(call, d->name, &name) && webhook_read_url(call, d->url) &&
	    subscription_read_filter(call, d->filter, &filter) && webhook_read_headers(call, d->headers, &headers) &&
	    webhook_read_ca(call, d->ca))
		webhook_find(call, d->webhook, found);
}
