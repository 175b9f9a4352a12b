/* A page of what a consumer was handed out again and again in vain. */
#include "command/consumer/consumer.h"
#include "command/dispatch.h"

static void listed(struct wait *w)
{
	const struct store_subscription_aside *op = w->op;
	auto_buf data = BUF_INIT;
	if (consumer_failed(w))
		return;
	buf_append_str(&data, "{\"events\":[");
	for (size_t i = 0; i < op->n_events; i++) {
		const struct subscription_event *e = &op->events[i];
		if (i > 0)
			buf_append_byte(&data, ',');
		consumer_encode_event(&data, e->event, e->delivery, e->tries, e->worker);
	}
	buf_appendf(&data, "],\"more\":%s}", op->more ? "true" : "false");
	answer_ok(&w->answer, &data);
}

static void found(struct wait *w)
{
	if (consumer_failed(w))
		return;
	const struct data_consumer_set_aside *d = &w->request.data.consumer_set_aside;
	uint64_t no = ((const struct store_subscription_find *)w->op)->subscription.no;
	struct store_subscription_aside *op = wait_next(w, STORE_SUBSCRIPTION_ASIDE, listed);
	op->subscription_no = no;
	op->after_delivery = d->after;
	op->limit = d->limit;
	op->limit_bytes = w->answer.chat->config.limits.page_bytes;
	wait_go(op);
}

void handle_consumer_set_aside(struct call *call)
{
	consumer_find(call, call->request->data.consumer_set_aside.consumer, found);
}
