#include "command/message/history_page.h"

#include <errno.h>
#include <stdio.h>

static void encode(struct buf *b, const struct wait *w, const struct store_log_page *op)
{
	char room[UID_TEXT_BYTES + 1];
	uid_format(&w->room->id, room);
	buf_appendf(b, "{\"room\":\"%s\",\"events\":[", room);
	for (size_t i = 0; i < op->n_events; i++) {
		size_t n;
		const uint8_t *json = event_json(op->events[i], &n);
		if (i)
			buf_append_byte(b, ',');
		buf_append(b, json, n);
	}
	/* The store may have events that are still on their way to the feed. */
	uint64_t last_seq = w->room->feed.last_seq;
	if (op->n_events && op->events[op->n_events - 1]->seq > last_seq)
		last_seq = op->events[op->n_events - 1]->seq;
	buf_appendf(b, "],\"more\":%s,\"last_seq\":%llu}", op->more ? "true" : "false", (unsigned long long)last_seq);
}

static void refuse_damaged(const struct wait *w, const struct store_log_page *op)
{
	char message[160];
	snprintf(message, sizeof(message), "the stored data is damaged: seq %llu to %llu of this room cannot be read",
		 (unsigned long long)op->damaged_from, (unsigned long long)op->damaged_to);
	answer_damaged(&w->answer, op->damaged_from ? message : NULL);
}

void history_page_arrived(struct wait *w)
{
	if (w->result == -EBADMSG) {
		refuse_damaged(w, w->op);
	} else if (!wait_failed(w, WIRE_NOT_FOUND, NULL)) {
		auto_buf data = BUF_INIT;
		encode(&data, w, w->op);
		answer_ok(&w->answer, &data);
	}
}

void history_page_go(struct store_log_page *op, struct history_range range)
{
	const struct wait *w = wait_of(op);
	op->room_no = w->room->no;
	op->after_seq = range.after_seq;
	op->before_seq = range.before_seq;
	op->limit = range.limit;
	op->limit_bytes = w->answer.chat->config.limits.page_bytes;
	op->newest = range.newest;
	wait_go(op);
}
