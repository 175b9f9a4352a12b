#include "chat/apply.h"
#include "chat/state_encode.h"
#include "codec/text_clean.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"
#include "room/room.h"

#include <stdlib.h>
#include <string.h>

struct update {
	struct store_room_update op; /* first: the store hands this back */
	struct wait wait;
	struct room_wait known; /* until memory has the new name and topic */
	struct buf name, name_key, topic;
};

static void update_free(struct update *u)
{
	u->wait.room->n_updates--;
	wait_end(&u->wait);
	buf_finish(&u->op.data);
	buf_finish(&u->name);
	buf_finish(&u->name_key);
	buf_finish(&u->topic);
	free(u);
}

static void answer_seq(const struct update *u, uint64_t seq)
{
	auto_buf data = BUF_INIT;
	buf_appendf(&data, "{\"seq\":%llu}", (unsigned long long)seq);
	answer_ok(&u->wait.answer, &data);
}

static void known(struct room_wait *w)
{
	update_free(list_entry(w, struct update, known));
}

static void updated(struct store_op *op)
{
	struct update *u = (struct update *)(void *)op;
	if (op->result != 0) {
		wait_answer_failure(&u->wait, op->result, WIRE_NOT_FOUND, NULL);
		update_free(u);
		return;
	}
	uint64_t seq = u->op.event->seq;
	answer_seq(u, seq);
	apply_committed_in(u->wait.room, u->op.event);
	room_await(u->wait.room, seq, &u->known, known);
}

static bool is_same(const char *now, const struct buf *wanted)
{
	return strlen(now) == wanted->len && memcmp(now, wanted->data ? wanted->data : (const uint8_t *)"", wanted->len) == 0;
}

static void encode_event(struct update *u, const struct user *by)
{
	struct buf *b = &u->op.data;
	buf_append_byte(b, '{');
	if (u->op.name.s) {
		buf_append_str(b, "\"name\":");
		buf_append_json_string(b, u->op.name.s, u->op.name.n);
		buf_append_byte(b, ',');
	}
	if (u->op.topic.s) {
		buf_append_str(b, "\"topic\":");
		buf_append_json_string(b, u->op.topic.s, u->op.topic.n);
		buf_append_byte(b, ',');
	}
	buf_append_str(b, "\"by\":");
	state_encode_person(b, by);
	buf_append_byte(b, '}');
}

/* Where nothing would change, nothing is stored, and nobody is told. Whether that is so; else what changes is in u->op. */
static bool is_unchanged(struct update *u)
{
	const struct data_room_update *d = &u->wait.request.data.room_update;
	const struct room *r = u->wait.room;
	bool is_settled = r->n_updates == 0;
	if (d->name.s && !(is_settled && is_same(r->name, &u->name))) {
		u->op.name = (struct text){(const char *)u->name.data, u->name.len};
		u->op.name_key = (struct text){(const char *)u->name_key.data, u->name_key.len};
	}
	if (d->topic.s && !(is_settled && is_same(r->topic, &u->topic)))
		u->op.topic = (struct text){u->topic.data ? (const char *)u->topic.data : "", u->topic.len};
	return !u->op.name.s && !u->op.topic.s;
}

static void found(struct wait *w, struct room *r)
{
	if (!room_lookup_rules(w, r))
		return;
	const struct data_room_update *d = &w->request.data.room_update;
	struct update *u = mem_new(struct update);
	u->wait = *w;
	u->op.op = (struct store_op){.kind = STORE_ROOM_UPDATE, .done = updated};
	u->op.room_no = r->no;
	u->op.user_no = w->user->no;
	if (d->name.s)
		text_clean_name(d->name.s, d->name.n, 0, &u->name, &u->name_key); /* without fault: it was checked before */
	if (d->topic.s)
		text_clean_message(d->topic.s, d->topic.n, &u->topic);
	bool unchanged = is_unchanged(u);
	r->n_updates++;
	if (unchanged)
		answer_seq(u, r->feed.last_seq);
	else
		encode_event(u, w->user);
	if (unchanged || !wait_submit(&u->wait, &u->op.op))
		update_free(u);
}

void handle_room_update(struct call *call)
{
	const struct data_room_update *d = &call->request->data.room_update;
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	if (!d->name.s || account_clean_name(call, "name", d->name, &shown, &key))
		room_lookup(call, found);
}
