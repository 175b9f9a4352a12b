/* Makes a consumer. */
#include "command/consumer/consumer.h"
#include "command/dispatch.h"

#include <errno.h>
#include <stdlib.h>

static void created(struct wait *w)
{
	const struct store_subscription_create *op = w->op;
	auto_buf data = BUF_INIT;
	if (w->result == -EDQUOT) {
		answer_error(&w->answer, WIRE_LIMIT_REACHED, "this account has as many consumers as it may have (limit account_consumers)",
			     0);
		return;
	}
	if (wait_failed(w, WIRE_INTERNAL, NULL))
		return;
	auto_free char *name = mem_strndup(op->name.s, op->name.n), *filter = mem_strndup(op->filter.s, op->filter.n);
	struct store_subscription_listed made = {.subscription = {.id = op->id,
								  .name = name,
								  .filter = filter,
								  .ack_wait_ms = op->ack_wait_ms,
								  .max_tries = op->max_tries,
								  .created_ms = op->created_ms}};
	buf_append_str(&data, "{\"consumer\":");
	consumer_encode(&data, &made);
	buf_append_byte(&data, '}');
	answer_ok(&w->answer, &data);
}

void handle_consumer_create(struct call *call)
{
	const struct data_consumer_create *d = &call->request->data.consumer_create;
	auto_buf name = BUF_INIT, filter = BUF_INIT;
	if (call->user->kind == USER_GUEST) {
		call_error(call, WIRE_FORBIDDEN, "a guest has no consumers");
		return;
	}
	if (!subscription_read_name(call, d->name, &name) || !subscription_read_filter(call, d->filter, &filter) ||
	    call_all_rooms_must_wait(call))
		return;
	if (filter.len == 0)
		buf_append_str(&filter, "{}");
	struct store_subscription_create *op = wait_store(call, STORE_SUBSCRIPTION_CREATE, created);
	d = &call->request->data.consumer_create;
	uid_random(&op->id, 1);
	op->owner_no = call->user->no;
	op->kind = SUBSCRIPTION_CONSUMER;
	op->name = wait_keep(op, &name);
	op->filter = wait_keep(op, &filter);
	op->ack_wait_ms = d->ack_wait_ms;
	op->max_tries = d->max_tries;
	op->most = call->chat->config.limits.account_consumers;
	op->from_ms = subscription_place(d->has_since_ms, d->since_ms, d->has_from && d->from == CONSUMER_PLACE_START);
	wait_go(op);
}
