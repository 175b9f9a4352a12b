#include "base/clock.h"
#include "chat/asker.h"
#include "chat/state_encode.h"
#include "command/dispatch.h"
#include "command/message/message_write.h"

struct send {
	struct store_append op; /* first: wait_store_with() needs it there */
	uint64_t arrived_ns;
};

static void stored(struct wait *w)
{
	struct send *m = w->op;
	if (wait_failed_field(w, "reply_to", "the message that this one answers is not in this room"))
		return;
	asker_heard(w->answer.chat->asker, m->op.event, 0);
	message_answer(w, &m->op);
	metric_observe(&w->answer.chat->metrics->acknowledge_seconds, clock_mono_ns() - m->arrived_ns);
}

static void encode_data(struct buf *b, const struct call *call, const struct buf *text)
{
	const struct data_message_send *d = &call->request->data.message_send;
	buf_append_str(b, "{\"author\":");
	state_encode_person(b, call->user);
	buf_append_str(b, ",\"text\":");
	buf_append_json_string(b, (const char *)text->data, text->len);
	message_encode_client_id(b, &d->client_id, d->has_client_id);
	if (d->reply_to) {
		buf_append_str(b, ",\"reply_to\":");
		buf_append_u64(b, d->reply_to);
	}
	if (d->style == MESSAGE_STYLE_ACTION)
		buf_append_str(b, ",\"style\":\"action\"");
	buf_append_byte(b, '}');
}

void handle_message_send(struct call *call)
{
	const struct buf *text = message_clean(call, call->request->data.message_send.text);
	if (!text)
		return;
	struct send *m = wait_store_with(call, STORE_APPEND, sizeof(*m), stored, NULL);
	const struct data_message_send *d = &call->request->data.message_send;
	m->arrived_ns = clock_mono_ns();
	m->op.author_no = call->user->no;
	m->op.type = EVENT_MESSAGE_CREATED;
	m->op.has_client_id = d->has_client_id;
	m->op.client_id = d->client_id;
	m->op.target_seq = d->reply_to;
	encode_data(&m->op.data, call, text);
	wait_go(m);
}
