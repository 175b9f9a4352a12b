#include "command/message/history_page.h"

#include "command/room_lookup.h"

#include <errno.h>
#include <stdio.h>

static void append_events(struct buf *b, struct event *const *events, size_t n_events)
{
	for (size_t i = 0; i < n_events; i++) {
		size_t n;
		const uint8_t *json = event_json(events[i], &n);
		if (i)
			buf_append_byte(b, ',');
		buf_append(b, json, n);
	}
}

static void encode(struct buf *b, const struct wait *w, const struct store_log_page *op)
{
	char room[UID_TEXT_BYTES + 1];
	uid_format(&w->room->id, room);
	buf_appendf(b, "{\"room\":\"%s\",\"events\":[", room);
	append_events(b, op->events, op->n_events);
	if (op->n_changes > 0) {
		buf_append_str(b, "],\"changes\":[");
		append_events(b, op->changes, op->n_changes);
	}
	/* The store may have events that are still on their way to the feed, also of other instances; and since it was asked the feed may have come further. */
	uint64_t last_seq = w->room->feed.last_seq > op->last_seq ? w->room->feed.last_seq : op->last_seq;
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
	} else if (w->result == -EACCES) {
		room_lookup_refuse(w, w->room);
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
	op->member_no = wait_asker_no(w);
	op->after_seq = range.after_seq;
	op->before_seq = range.before_seq;
	op->limit = range.limit;
	op->limit_bytes = w->answer.chat->config.limits.page_bytes;
	op->newest = range.newest;
	op->with_changes = range.with_changes;
	wait_go(op);
}
