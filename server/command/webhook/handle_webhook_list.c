/* The caller's outgoing webhooks. */
#include "command/dispatch.h"
#include "command/webhook/webhook.h"

static void listed(struct wait *w)
{
	const struct store_webhook_page *op = w->op;
	auto_buf data = BUF_INIT;
	bool is_first = true;
	if (wait_failed(w, WIRE_INTERNAL, NULL))
		return;
	buf_append_str(&data, "{\"webhooks\":[");
	for (size_t i = 0; i < op->page.n_listed; i++) {
		if (!op->webhooks[i].url)
			continue;
		if (!is_first)
			buf_append_byte(&data, ',');
		is_first = false;
		webhook_encode(&data, &op->page.listed[i], &op->webhooks[i]);
	}
	buf_append_str(&data, "]}");
	answer_ok(&w->answer, &data);
}

void handle_webhook_list(struct call *call)
{
	if (call_all_rooms_must_wait(call))
		return;
	struct store_webhook_page *op = wait_store(call, STORE_WEBHOOK_PAGE, listed);
	op->page.owner_no = call->user->no;
	op->page.limit = LIMIT_ACCOUNT_WEBHOOKS_MOST;
	wait_go(op);
}
