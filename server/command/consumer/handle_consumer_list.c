/* The caller's consumers. */
#include "command/consumer/consumer.h"
#include "command/dispatch.h"

static void listed(struct wait *w)
{
	const struct store_subscription_page *op = w->op;
	auto_buf data = BUF_INIT;
	if (wait_failed(w, WIRE_INTERNAL, NULL))
		return;
	buf_append_str(&data, "{\"consumers\":[");
	for (size_t i = 0; i < op->n_listed; i++) {
		if (i > 0)
			buf_append_byte(&data, ',');
		consumer_encode(&data, &op->listed[i]);
	}
	buf_append_str(&data, "]}");
	answer_ok(&w->answer, &data);
}

void handle_consumer_list(struct call *call)
{
	if (call_all_rooms_must_wait(call))
		return;
	struct store_subscription_page *op = wait_store(call, STORE_SUBSCRIPTION_PAGE, listed);
	op->owner_no = call->user->no;
	op->kind = SUBSCRIPTION_CONSUMER;
	op->limit = LIMIT_ACCOUNT_CONSUMERS_MOST;
	wait_go(op);
}
