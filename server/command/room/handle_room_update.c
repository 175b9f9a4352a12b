#include "chat/apply.h"
#include "chat/state_encode.h"
#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"
#include "room/room.h"

#include <string.h>

/* Holds the update until memory has the new name and topic. */
static void settle(struct wait *w)
{
	w->room->n_updates--;
}

static void updated(struct wait *w)
{
	struct store_room_update *op = w->op;
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	const struct told told = user_told_by(&op->op);
	uint64_t seq = op->event->seq;
	wait_answer_seq(w, seq);
	apply_committed_in(w->room, op->event);
	op->event = NULL;
	user_tell_all(w->answer.chat, &told, 0);
	wait_room(w, seq, NULL);
}

static bool is_same(const char *now, const struct buf *wanted)
{
	return strlen(now) == wanted->len && memcmp(now, wanted->data ? wanted->data : (const uint8_t *)"", wanted->len) == 0;
}

static void encode_event(struct store_room_update *op, const struct user *by)
{
	struct buf *b = &op->data;
	buf_append_byte(b, '{');
	if (op->name.s) {
		buf_append_str(b, "\"name\":");
		buf_append_json_string(b, op->name.s, op->name.n);
		buf_append_byte(b, ',');
	}
	if (op->topic.s) {
		buf_append_str(b, "\"topic\":");
		buf_append_json_string(b, op->topic.s, op->topic.n);
		buf_append_byte(b, ',');
	}
	buf_append_str(b, "\"by\":");
	state_encode_person(b, by);
	buf_append_byte(b, '}');
}

static void found(struct wait *w, struct room *r)
{
	if (!room_lookup_rules(w, r))
		return;
	const struct data_room_update *d = &w->request.data.room_update;
	auto_buf name = BUF_INIT, key = BUF_INIT, topic = BUF_INIT;
	if (d->name.s)
		text_clean_name(d->name.s, d->name.n, 0, &name, &key); /* cannot fail: it was checked before */
	if (d->topic.s)
		text_clean_message(d->topic.s, d->topic.n, &topic);
	bool sets_name = d->name.s && !(r->n_updates == 0 && is_same(r->name, &name));
	bool sets_topic = d->topic.s && !(r->n_updates == 0 && is_same(r->topic, &topic));
	if (!sets_name && !sets_topic) { /* nothing changed: nothing is stored, and nobody is told */
		wait_answer_seq(w, r->feed.last_seq);
		return;
	}
	struct store_room_update *op = wait_next(w, STORE_ROOM_UPDATE, updated);
	op->room_no = r->no;
	op->user_no = w->user->no;
	if (sets_name) {
		op->name = wait_keep(op, &name);
		op->name_key = wait_keep(op, &key);
	}
	if (sets_topic)
		op->topic = wait_keep(op, &topic);
	encode_event(op, w->user);
	r->n_updates++;
	w->finish = settle;
	wait_go(op);
}

void handle_room_update(struct call *call)
{
	const struct data_room_update *d = &call->request->data.room_update;
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	if (!d->name.s || account_clean_name(call, "name", d->name, &shown, &key))
		room_lookup(call, found);
}
