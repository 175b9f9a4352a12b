/*
 * Delivers events again. A few of them wait then as what failed does, due now, whatever the cursor says. All since a place or a time is a cursor that goes back.
 */
#include "chat/user.h"
#include "command/dispatch.h"
#include "command/webhook/webhook.h"
#include "delivery/deliveries.h"
#include "room/room.h"

#include <stdlib.h>

static void answer_count(const struct wait *w, uint64_t subscription_no, uint64_t n)
{
	auto_buf data = BUF_INIT;
	deliveries_wake(w->answer.chat, subscription_no);
	buf_appendf(&data, "{\"replayed\":%llu}", (unsigned long long)n);
	answer_ok(&w->answer, &data);
}

static void replayed(struct wait *w)
{
	const struct store_webhook_replay *op = w->op;
	if (webhook_failed(w))
		return;
	if (op->n_replayed == 0 && w->request.data.webhook_replay.has_event)
		answer_error(&w->answer, WIRE_NOT_FOUND, "this webhook knows no such event (any more); a room and a seq name it", 0);
	else
		answer_count(w, op->subscription_no, op->n_replayed);
}

static void replayed_aside(struct wait *w)
{
	const struct store_subscription_replay *op = w->op;
	if (!webhook_failed(w))
		answer_count(w, op->subscription_no, op->n_replayed);
}

static void moved(struct wait *w)
{
	const struct store_subscription_seek *op = w->op;
	auto_buf data = BUF_INIT;
	if (webhook_failed(w))
		return;
	deliveries_wake(w->answer.chat, op->subscription_no);
	buf_append_str(&data, "{\"moved\":true}");
	answer_ok(&w->answer, &data);
}

/* NULL, and answered: the caller is not a member of it. */
static const struct room *room_of(const struct wait *w, const struct uid *id)
{
	const struct room *r = room_by_id(&w->answer.chat->rooms, id);
	if (r && user_member_of(w->user, r))
		return r;
	answer_error(&w->answer, WIRE_NOT_FOUND, "you are not a member of this room", 0);
	return NULL;
}

static void seek(struct wait *w, uint64_t subscription_no, const struct room *r)
{
	const struct data_webhook_replay *d = &w->request.data.webhook_replay;
	struct store_subscription_seek *op = wait_next(w, STORE_SUBSCRIPTION_SEEK, moved);
	op->subscription_no = subscription_no;
	op->at_room_no = r ? r->no : 0;
	op->to_seq = r != NULL;
	op->seq = r ? d->from_seq - 1 : 0;
	op->from_ms = (int64_t)d->since_ms;
	wait_go(op);
}

static void replay(struct wait *w, uint64_t subscription_no, const struct room *r, uint64_t from_seq, uint64_t to_seq)
{
	struct store_webhook_replay *op = wait_next(w, STORE_WEBHOOK_REPLAY, replayed);
	op->subscription_no = subscription_no;
	op->event = w->request.data.webhook_replay.event;
	op->at_room_no = r ? r->no : 0;
	op->from_seq = from_seq;
	op->to_seq = to_seq;
	wait_go(op);
}

/* Where the log has it, by its place. */
static const struct room *look_up(const struct wait *w, const struct store_webhook_find *found, uint64_t *seq)
{
	auto_buf text = BUF_INIT;
	char id[UID_TEXT_BYTES + 1];
	struct uid room;
	if (!deliveries_log(w->answer.chat, found->subscription.no, &text))
		buf_append_str(&text, found->log);
	json_auto_t *attempts = json_loadb((const char *)text.data, text.len, 0, NULL);
	uid_format(&w->request.data.webhook_replay.event, id);
	for (size_t i = 0; i < json_array_size(attempts); i++) {
		const json_t *attempt = json_array_get(attempts, i);
		const char *event = json_string_value(json_object_get(attempt, "event")),
			   *in = json_string_value(json_object_get(attempt, "room"));
		if (!event || strcmp(event, id) != 0 || !in || !uid_parse(in, strlen(in), &room))
			continue;
		*seq = (uint64_t)json_integer_value(json_object_get(attempt, "seq"));
		const struct room *r = room_by_id(&w->answer.chat->rooms, &room);
		return r && user_member_of(w->user, r) ? r : NULL;
	}
	return NULL;
}

static void found(struct wait *w)
{
	const struct store_webhook_find *op = w->op;
	const struct data_webhook_replay *d = &w->request.data.webhook_replay;
	uint64_t seq = 0;
	if (webhook_failed(w))
		return;
	uint64_t no = op->subscription.no;
	if (d->has_event) {
		const struct room *r = look_up(w, op, &seq);
		replay(w, no, r, seq, seq);
	} else if (d->has_from_seq) {
		const struct room *r = room_of(w, &d->room);
		if (r && !d->has_to_seq)
			seek(w, no, r);
		else if (r)
			replay(w, no, r, d->from_seq, d->to_seq);
	} else if (d->has_since_ms) {
		seek(w, no, NULL);
	} else {
		struct store_subscription_replay *all = wait_next(w, STORE_SUBSCRIPTION_REPLAY, replayed_aside);
		all->subscription_no = no;
		all->all = true;
		wait_go(all);
	}
}

void handle_webhook_replay(struct call *call)
{
	const struct data_webhook_replay *d = &call->request->data.webhook_replay;
	if (d->has_from_seq && !d->has_room)
		call_refuse(call, "room", "data.room: from_seq is of a room");
	else if (d->has_set_aside && !d->set_aside)
		call_refuse(call, "set_aside", "data.set_aside: must be true");
	else if (!d->has_since_ms || !call_all_rooms_must_wait(call))
		webhook_find(call, d->webhook, found);
}
