#include "base/clock.h"
#include "chat/apply.h"
#include "chat/state_encode.h"
#include "codec/text_clean.h"
#include "command/dispatch.h"
#include "command/wait_store.h"

struct send {
	struct store_append op; /* first: wait_store_with() needs it there */
	uint64_t arrived_ns;
};

static void answer_sent(const struct wait *w, const struct store_append *op)
{
	char room[UID_TEXT_BYTES + 1], id[UID_TEXT_BYTES + 1], timestamp[TIMESTAMP_BYTES + 1];
	uid_format(op->duplicate ? &op->room_of_first : &w->room->id, room);
	uid_format(&op->id, id);
	timestamp_format(op->timestamp_ms, timestamp);
	auto_buf data = BUF_INIT;
	buf_append_str(&data, "{\"room\":\"");
	buf_append(&data, room, UID_TEXT_BYTES);
	buf_append_str(&data, "\",\"seq\":");
	buf_append_u64(&data, op->seq);
	buf_append_str(&data, ",\"id\":\"");
	buf_append(&data, id, UID_TEXT_BYTES);
	buf_append_str(&data, "\",\"timestamp\":\"");
	buf_append(&data, timestamp, TIMESTAMP_BYTES);
	buf_append_str(&data, op->duplicate ? "\",\"duplicate\":true}" : "\"}");
	answer_ok(&w->answer, &data);
}

static void stored(struct wait *w)
{
	struct send *m = w->op;
	if (wait_failed_field(w, "reply_to", "the message that this one answers is not in this room"))
		return;
	answer_sent(w, &m->op);
	apply_committed_in(w->room, m->op.event);
	m->op.event = NULL;
	metric_observe(&w->answer.chat->metrics->acknowledge_seconds, clock_mono_ns() - m->arrived_ns);
}

static void encode_data(struct buf *b, const struct call *call, const struct buf *text)
{
	const struct data_message_send *d = &call->request->data.message_send;
	buf_append_str(b, "{\"author\":");
	state_encode_person(b, call->user);
	buf_append_str(b, ",\"text\":");
	buf_append_json_string(b, (const char *)text->data, text->len);
	if (d->has_client_id) {
		char id[UID_TEXT_BYTES + 1];
		uid_format(&d->client_id, id);
		buf_append_str(b, ",\"client_id\":\"");
		buf_append(b, id, UID_TEXT_BYTES);
		buf_append_byte(b, '"');
	}
	if (d->reply_to) {
		buf_append_str(b, ",\"reply_to\":");
		buf_append_u64(b, d->reply_to);
	}
	buf_append_byte(b, '}');
}

static bool is_blank(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] != ' ' && text->data[i] != '\t' && text->data[i] != '\n')
			return false;
	return true;
}

void handle_message_send(struct call *call)
{
	const struct data_message_send *d = &call->request->data.message_send;
	struct buf *text = &call->chat->scratch;
	buf_clear(text);
	text_clean_message(d->text.s, d->text.n, text);
	if (is_blank(text)) {
		call_refuse(call, "text", "the message must not be empty");
		return;
	}
	struct send *m = wait_store_with(call, STORE_APPEND, sizeof(*m), stored, NULL);
	d = &call->request->data.message_send;
	m->arrived_ns = clock_mono_ns();
	m->op.author_no = call->user->no;
	m->op.type = EVENT_MESSAGE_CREATED;
	m->op.has_client_id = d->has_client_id;
	m->op.client_id = d->client_id;
	m->op.reply_to = d->reply_to;
	encode_data(&m->op.data, call, text);
	wait_go(m);
}
