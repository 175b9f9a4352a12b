#include "command/consumer/consumer.h"

void consumer_find(struct call *call, struct text consumer, wait_done *found)
{
	struct store_subscription_find *op = wait_store(call, STORE_SUBSCRIPTION_FIND, found);
	op->which = subscription_ref_of(call, SUBSCRIPTION_CONSUMER, consumer);
	wait_go(op);
}

bool consumer_failed(const struct wait *w)
{
	return wait_failed(w, WIRE_NOT_FOUND, "you have no such consumer");
}

const int64_t *consumer_deliveries(void *op, const uint64_t *deliveries, size_t n)
{
	auto_buf bytes = BUF_INIT;
	buf_append(&bytes, deliveries, n * sizeof(*deliveries)); /* below 2^53: the same as signed numbers */
	return (const int64_t *)(const void *)wait_keep(op, &bytes).s;
}

void consumer_encode_event(struct buf *b, const struct event *e, uint64_t delivery, uint64_t tries, const char *worker)
{
	size_t n;
	const uint8_t *json = event_json(e, &n);
	buf_appendf(b, "{\"delivery\":%llu,\"tries\":%llu,", (unsigned long long)delivery, (unsigned long long)tries);
	if (worker) {
		buf_append_str(b, "\"worker\":");
		buf_append_json_string(b, worker, strlen(worker));
		buf_append_byte(b, ',');
	}
	buf_append_str(b, "\"event\":");
	buf_append(b, json, n);
	buf_append_byte(b, '}');
}

void consumer_encode(struct buf *b, const struct store_subscription_listed *c)
{
	const struct store_subscription *s = &c->subscription;
	char id[UID_TEXT_BYTES + 1], created[TIMESTAMP_BYTES + 1];
	uid_format(&s->id, id);
	timestamp_format(s->created_ms, created);
	buf_appendf(b, "{\"id\":\"%s\",\"name\":", id);
	buf_append_json_string(b, s->name, strlen(s->name));
	buf_appendf(b, ",\"filter\":%s,\"ack_wait_ms\":%llu,\"max_tries\":%llu,\"created\":\"%s\"", s->filter,
		    (unsigned long long)s->ack_wait_ms, (unsigned long long)s->max_tries, created);
	buf_appendf(b, ",\"waiting\":%llu,\"set_aside\":%llu,\"behind\":%llu}", (unsigned long long)c->n_waiting,
		    (unsigned long long)c->n_aside, (unsigned long long)c->n_behind);
}
