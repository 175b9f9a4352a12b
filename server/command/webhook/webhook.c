#include "command/webhook/webhook.h"

#include "delivery/deliveries.h"
#include "webhook/webhook_wanted.h"

#include <stdio.h>
#include <stdlib.h>

enum { FAULT_BYTES = 160 };

void webhook_find(struct call *call, struct text webhook, wait_done *found)
{
	struct store_webhook_find *op = wait_store(call, STORE_WEBHOOK_FIND, found);
	op->which = subscription_ref_of(call, SUBSCRIPTION_WEBHOOK, webhook);
	wait_go(op);
}

bool webhook_failed(const struct wait *w)
{
	return wait_failed(w, WIRE_NOT_FOUND, "you have no such webhook");
}

static bool refuse(const struct call *call, const char *field, const char *what, const char *fault)
{
	char message[FAULT_BYTES];
	snprintf(message, sizeof(message), "data.%s: %s%s", field, what, fault);
	call_refuse(call, field, message);
	return false;
}

bool webhook_read_url(const struct call *call, struct text given)
{
	if (!given.s)
		return true;
	auto_free char *url = mem_strndup(given.s, given.n);
	const char *fault = deliveries_url_check(call->chat, url);
	return !fault || refuse(call, "url", "the URL ", fault);
}

bool webhook_read_headers(const struct call *call, const json_t *given, struct buf *out)
{
	char fault[WEBHOOK_WANTED_FAULT_BYTES];
	if (!given)
		return true;
	if (!webhook_headers_good(given, fault))
		return refuse(call, "headers", "", fault);
	auto_free char *json = json_dumps(given, JSON_COMPACT);
	buf_append_str(out, json);
	return true;
}

bool webhook_read_ca(const struct call *call, struct text given)
{
	const char *fault = given.n > 0 ? webhook_ca_check(given.s, given.n) : NULL;
	return !fault || refuse(call, "ca", "", fault);
}

static void encode_headers(struct buf *b, const char *headers)
{
	const char *name;
	json_t *value;
	bool is_first = true;
	json_auto_t *json = json_loads(headers, JSON_REJECT_DUPLICATES, NULL);
	buf_append_str(b, ",\"headers\":[");
	json_object_foreach(json, name, value) {
		if (!is_first)
			buf_append_byte(b, ',');
		is_first = false;
		buf_append_json_string(b, name, strlen(name));
	}
	buf_append_byte(b, ']');
}

static void encode_trouble(struct buf *b, const struct store_webhook *w)
{
	char since[TIMESTAMP_BYTES + 1];
	if (w->reason && w->reason[0]) {
		buf_append_str(b, ",\"reason\":");
		buf_append_json_string(b, w->reason, strlen(w->reason));
	}
	if (w->failing_since_ms != 0) {
		timestamp_format(w->failing_since_ms, since);
		buf_appendf(b, ",\"failing_since\":\"%s\"", since);
	}
}

void webhook_encode(struct buf *b, const struct store_subscription_listed *listed, const struct store_webhook *w)
{
	const struct store_subscription *s = &listed->subscription;
	char id[UID_TEXT_BYTES + 1], created[TIMESTAMP_BYTES + 1];
	uid_format(&s->id, id);
	timestamp_format(s->created_ms, created);
	buf_appendf(b, "{\"id\":\"%s\",\"name\":", id);
	buf_append_json_string(b, s->name, strlen(s->name));
	buf_append_str(b, ",\"url\":");
	buf_append_json_string(b, w->url, strlen(w->url));
	buf_appendf(b, ",\"filter\":%s,\"order\":\"%s\"", s->filter, s->order == SUBSCRIPTION_PER_ROOM ? "per_room" : "any");
	encode_headers(b, w->headers);
	buf_appendf(b, ",\"ca\":%s,\"status\":\"%s\"", w->ca[0] ? "true" : "false",
		    s->status == SUBSCRIPTION_ACTIVE ? "active" : "disabled");
	encode_trouble(b, w);
	buf_appendf(b, ",\"created\":\"%s\",\"waiting\":%llu,\"set_aside\":%llu,\"behind\":%llu}", created,
		    (unsigned long long)listed->n_waiting, (unsigned long long)listed->n_aside, (unsigned long long)listed->n_behind);
}
