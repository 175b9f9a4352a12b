#include "delivery/delivery_log.h"

#include "base/memory.h"
#include "codec/text_clean.h"
#include "store/server_events.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static char **place_of(struct delivery_log *log, uint64_t n)
{
	return &log->attempts[n % DELIVERY_LOG_MAX];
}

static void put(struct delivery_log *log, uint64_t n, char *attempt)
{
	free(*place_of(log, n));
	*place_of(log, n) = attempt;
	log->n = n;
}

void delivery_log_finish(struct delivery_log *log)
{
	for (size_t i = 0; i < DELIVERY_LOG_MAX; i++)
		free(log->attempts[i]);
	*log = (struct delivery_log){0};
}

void delivery_log_read(struct delivery_log *log, const char *text)
{
	json_auto_t *stored = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	for (size_t i = 0; i < json_array_size(stored); i++) {
		const json_t *attempt = json_array_get(stored, i);
		json_int_t n = json_integer_value(json_object_get(attempt, "delivery"));
		char *encoded = n > 0 && (uint64_t)n > log->n ? json_dumps(attempt, JSON_COMPACT) : NULL;
		if (encoded)
			put(log, (uint64_t)n, encoded);
	}
}

/* Cut where a character ends. */
static size_t reply_bytes(const struct webhook_outcome *o)
{
	size_t n = o->n_reply < DELIVERY_LOG_REPLY_BYTES ? o->n_reply : DELIVERY_LOG_REPLY_BYTES;
	while (n > 0 && n < o->n_reply && ((unsigned char)o->reply[n] & 0xc0) == 0x80)
		n--;
	return memchr(o->reply, '\0', n) || !text_is_utf8(o->reply, n) ? 0 : n;
}

void delivery_log_outcome(struct buf *out, const struct webhook_outcome *o)
{
	size_t n = reply_bytes(o);
	if (o->end == WEBHOOK_ANSWERED)
		buf_appendf(out, ",\"status\":%u", o->status);
	buf_appendf(out, ",\"latency_ms\":%llu", (unsigned long long)(o->latency_us / 1000));
	if (n == 0)
		return;
	buf_append_str(out, ",\"reply\":");
	buf_append_json_string(out, o->reply, n);
}

void delivery_log_add(struct delivery_log *log, const struct event *e, uint64_t tries, const struct webhook_outcome *o, int64_t at_ms)
{
	char id[UID_TEXT_BYTES + 1], room[UID_TEXT_BYTES + 1], at[TIMESTAMP_BYTES + 1];
	auto_buf b = BUF_INIT;
	uid_format(&e->id, id);
	uid_format(&e->room, room);
	timestamp_format(at_ms, at);
	buf_appendf(&b, "{\"delivery\":%llu,\"event\":\"%s\",\"type\":\"%s\"", (unsigned long long)(log->n + 1), id,
		    event_type_name(e->type));
	if (e->room_no != SERVER_EVENTS_ROOM_NO)
		buf_appendf(&b, ",\"room\":\"%s\"", room);
	buf_appendf(&b, ",\"seq\":%llu", (unsigned long long)e->seq);
	buf_appendf(&b, ",\"at\":\"%s\",\"tries\":%llu,\"outcome\":\"%s\"", at, (unsigned long long)tries, webhook_end_word(o->end));
	delivery_log_outcome(&b, o);
	buf_append_byte(&b, '}');
	put(log, log->n + 1, mem_strndup((const char *)b.data, b.len));
	log->is_dirty = true;
}

void delivery_log_write(const struct delivery_log *log, struct buf *out)
{
	bool is_first = true;
	buf_append_byte(out, '[');
	for (uint64_t i = 1; i <= DELIVERY_LOG_MAX; i++) { /* behind the newest one is the oldest */
		const char *attempt = log->attempts[(log->n + i) % DELIVERY_LOG_MAX];
		if (!attempt)
			continue;
		if (!is_first)
			buf_append_byte(out, ',');
		is_first = false;
		buf_append_str(out, attempt);
	}
	buf_append_byte(out, ']');
}
