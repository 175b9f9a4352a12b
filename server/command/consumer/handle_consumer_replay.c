/* What was set aside is handed out again. */
#include "command/consumer/consumer.h"
#include "command/dispatch.h"
#include "subscription/news.h"

static void replayed(struct wait *w)
{
	const struct store_subscription_replay *op = w->op;
	auto_buf data = BUF_INIT;
	if (consumer_failed(w))
		return;
	news_wake(w->answer.chat, op->subscription_no);
	buf_appendf(&data, "{\"replayed\":%llu}", (unsigned long long)op->n_replayed);
	answer_ok(&w->answer, &data);
}

static void found(struct wait *w)
{
	if (consumer_failed(w))
		return;
	const struct data_consumer_replay *d = &w->request.data.consumer_replay;
	uint64_t no = ((const struct store_subscription_find *)w->op)->subscription.no;
	struct store_subscription_replay *op = wait_next(w, STORE_SUBSCRIPTION_REPLAY, replayed);
	op->subscription_no = no;
	op->all = !d->deliveries;
	op->n_deliveries = d->n_deliveries;
	op->deliveries = consumer_deliveries(op, d->deliveries, d->n_deliveries);
	wait_go(op);
}

void handle_consumer_replay(struct call *call)
{
	consumer_find(call, call->request->data.consumer_replay.consumer, found);
}
