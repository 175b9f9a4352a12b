#include "command/message/history_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct history_page {
	struct store_log_page op; /* first: the store hands this back */
	struct wait wait;
};

static void page_free(struct history_page *h)
{
	wait_end(&h->wait);
	store_log_page_finish(&h->op);
	free(h);
}

static void encode(struct buf *b, const struct history_page *h)
{
	char room[UID_TEXT_BYTES + 1];
	uid_format(&h->wait.room->id, room);
	buf_appendf(b, "{\"room\":\"%s\",\"events\":[", room);
	for (size_t i = 0; i < h->op.n_events; i++) {
		size_t n;
		const uint8_t *json = event_json(h->op.events[i], &n);
		if (i)
			buf_append_byte(b, ',');
		buf_append(b, json, n);
	}
	/* The store may be ahead of the feed by what is on its way here. */
	uint64_t last_seq = h->wait.room->feed.last_seq;
	if (h->op.n_events && h->op.events[h->op.n_events - 1]->seq > last_seq)
		last_seq = h->op.events[h->op.n_events - 1]->seq;
	buf_appendf(b, "],\"more\":%s,\"last_seq\":%llu}", h->op.more ? "true" : "false", (unsigned long long)last_seq);
}

static void refuse_damaged(const struct history_page *h)
{
	char message[160];
	snprintf(message, sizeof(message), "the stored data is damaged: seq %llu to %llu of this room cannot be read",
		 (unsigned long long)h->op.damaged_from, (unsigned long long)h->op.damaged_to);
	answer_damaged(&h->wait.answer, h->op.damaged_from ? message : NULL);
}

static void arrived(struct store_op *op)
{
	struct history_page *h = (struct history_page *)(void *)op;
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		encode(&data, h);
		answer_ok(&h->wait.answer, &data);
	} else if (op->result == -EBADMSG) {
		refuse_damaged(h);
	} else {
		wait_answer_failure(&h->wait, op->result, WIRE_NOT_FOUND, NULL);
	}
	page_free(h);
}

void history_page_answer(struct wait *w, struct history_range range)
{
	struct history_page *h = mem_new(struct history_page);
	h->wait = *w;
	h->op = (struct store_log_page){
		.op = {.kind = STORE_LOG_PAGE, .done = arrived},
		.room_no = w->room->no,
		.after_seq = range.after_seq,
		.before_seq = range.before_seq,
		.limit = range.limit,
		.limit_bytes = w->answer.chat->config.limits.page_bytes,
		.newest = range.newest,
	};
	if (!wait_submit(&h->wait, &h->op.op))
		page_free(h);
}
