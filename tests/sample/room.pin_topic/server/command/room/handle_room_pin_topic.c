#include "chat/apply.h"
#include "chat/state_encode.h"
#include "codec/text_clean.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"

static void pinned(struct wait *w)
{
	struct store_room_pin_topic *op = w->op;
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	wait_answer_seq(w, op->seq);
	if (op->event)
		apply_committed_in(w->room, op->event);
	op->event = NULL;
}

static void encode_event(struct store_room_pin_topic *op, const struct user *by)
{
	buf_append_str(&op->data, "{\"text\":");
	buf_append_json_string(&op->data, op->text.s, op->text.n);
	buf_append_str(&op->data, ",\"by\":");
	state_encode_person(&op->data, by);
	buf_append_byte(&op->data, '}');
}

static void found(struct wait *w, struct room *r)
{
	struct text given = w->request.data.room_pin_topic.text;
	auto_buf text = BUF_INIT;
	if (!room_lookup_rules(w, r))
		return;
	text_clean_message(given.s, given.n, &text);
	struct store_room_pin_topic *op = wait_next(w, STORE_ROOM_PIN_TOPIC, pinned);
	op->room_no = r->no;
	op->user_no = w->user->no;
	op->text = wait_keep(op, &text);
	encode_event(op, w->user);
	wait_go(op);
}

void handle_room_pin_topic(struct call *call)
{
	room_lookup(call, found);
}
