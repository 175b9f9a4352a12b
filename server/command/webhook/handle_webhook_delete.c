/* Deletes an outgoing webhook with its cursors and what was set aside. */
#include "command/dispatch.h"
#include "command/webhook/webhook.h"
#include "delivery/deliveries.h"

static void deleted(struct wait *w)
{
	const struct store_subscription_delete *op = w->op;
	if (webhook_failed(w))
		return;
	deliveries_wake(w->answer.chat, op->subscription_no);
	answer_ok(&w->answer, NULL);
}

static void found(struct wait *w)
{
	if (webhook_failed(w))
		return;
	uint64_t no = ((const struct store_webhook_find *)w->op)->subscription.no;
	struct store_subscription_delete *op = wait_next(w, STORE_SUBSCRIPTION_DELETE, deleted);
	op->subscription_no = no;
	wait_go(op);
}

void handle_webhook_delete(struct call *call)
{
	webhook_find(call, call->request->data.webhook_delete.webhook, found);
}
