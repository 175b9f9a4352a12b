/* Changes what a consumer is called, which events it takes, and when they come back or are set aside. */
#include "command/consumer/consumer.h"
#include "command/dispatch.h"
#include "subscription/news.h"

/* What was read, until the consumer is found. */
struct consumer_update {
	struct store_subscription_find find; /* first */
	struct store_subscription_update update;
};

static void updated(struct wait *w)
{
	const struct consumer_update *u = w->op;
	if (consumer_failed(w))
		return;
	news_wake(w->answer.chat, u->update.subscription_no); /* who waits reads with the new filter */
	answer_ok(&w->answer, NULL);
}

static void found(struct wait *w)
{
	struct consumer_update *u = w->op;
	if (consumer_failed(w))
		return;
	u->update.subscription_no = u->find.subscription.no;
	wait_also(w, STORE_SUBSCRIPTION_UPDATE, &u->update.op, updated);
}

void handle_consumer_update(struct call *call)
{
	const struct data_consumer_update *d = &call->request->data.consumer_update;
	auto_buf name = BUF_INIT, filter = BUF_INIT;
	if (!subscription_read_name(call, d->name, &name) || !subscription_read_filter(call, d->filter, &filter))
		return;
	struct consumer_update *u = wait_store_with(call, STORE_SUBSCRIPTION_FIND, sizeof(*u), found, NULL);
	d = &call->request->data.consumer_update;
	u->find.which = subscription_ref_of(call, SUBSCRIPTION_CONSUMER, d->consumer);
	u->update.order = u->update.status = -1;
	if (d->name.s)
		u->update.name = wait_keep(u, &name);
	if (d->filter)
		u->update.filter = wait_keep(u, &filter);
	u->update.ack_wait_ms = d->has_ack_wait_ms ? d->ack_wait_ms : 0;
	u->update.max_tries = d->has_max_tries ? d->max_tries : 0;
	wait_go(u);
}
