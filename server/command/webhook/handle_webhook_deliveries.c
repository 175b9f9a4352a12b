/* The newest attempts of an outgoing webhook: from memory where it is worked for here, else as they were stored. */
#include "command/dispatch.h"
#include "command/webhook/webhook.h"
#include "delivery/deliveries.h"

#include <stdlib.h>

/* The newest first. */
static void encode(struct buf *data, const json_t *attempts, const struct data_webhook_deliveries *d)
{
	uint64_t n = 0;
	bool more = false;
	buf_append_str(data, "{\"deliveries\":[");
	for (size_t i = json_array_size(attempts); i-- > 0 && !more;) {
		const json_t *attempt = json_array_get(attempts, i);
		uint64_t no = (uint64_t)json_integer_value(json_object_get(attempt, "delivery"));
		if (d->has_after && no >= d->after)
			continue;
		more = n == d->limit;
		auto_free char *json = more ? NULL : json_dumps(attempt, JSON_COMPACT);
		if (!json)
			continue;
		if (n++ > 0)
			buf_append_byte(data, ',');
		buf_append_str(data, json);
	}
	buf_appendf(data, "],\"more\":%s}", more ? "true" : "false");
}

static void found(struct wait *w)
{
	const struct store_webhook_find *op = w->op;
	auto_buf data = BUF_INIT, text = BUF_INIT;
	if (webhook_failed(w))
		return;
	if (!deliveries_log(w->answer.chat, op->subscription.no, &text))
		buf_append_str(&text, op->log);
	json_auto_t *attempts = json_loadb((const char *)text.data, text.len, 0, NULL);
	encode(&data, attempts, &w->request.data.webhook_deliveries);
	answer_ok(&w->answer, &data);
}

void handle_webhook_deliveries(struct call *call)
{
	webhook_find(call, call->request->data.webhook_deliveries.webhook, found);
}
