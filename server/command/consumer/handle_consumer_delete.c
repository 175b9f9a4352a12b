/* Deletes a consumer with its cursors and what was set aside. */
#include "command/consumer/consumer.h"
#include "command/dispatch.h"
#include "subscription/news.h"

static void deleted(struct wait *w)
{
	const struct store_subscription_delete *op = w->op;
	if (consumer_failed(w))
		return;
	news_wake(w->answer.chat, op->subscription_no);
	answer_ok(&w->answer, NULL);
}

static void found(struct wait *w)
{
	if (consumer_failed(w))
		return;
	uint64_t no = ((const struct store_subscription_find *)w->op)->subscription.no;
	struct store_subscription_delete *op = wait_next(w, STORE_SUBSCRIPTION_DELETE, deleted);
	op->subscription_no = no;
	wait_go(op);
}

void handle_consumer_delete(struct call *call)
{
	consumer_find(call, call->request->data.consumer_delete.consumer, found);
}
