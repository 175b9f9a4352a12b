#include "chat/apply.h"
#include "chat/rate.h"
#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"
#include "room/room.h"
#include "store/person.h"

static void unclaim(struct wait *w)
{
	user_room_unclaim(w->user);
}

static void created(struct wait *w)
{
	struct store_room_create *op = w->op;
	struct chat *chat = w->answer.chat;
	auto_buf data = BUF_INIT;
	if (wait_failed(w, WIRE_INVALID_TOKEN, NULL)) /* the caller is a guest who is signing out */
		return;
	struct member *m = user_learn_membership(w->user, &op->membership); /* contains the room's first events */
	const struct told told = user_told_by(&op->op);
	for (size_t i = 0; i < 2; i++) {
		apply_committed(chat, op->events[i]);
		op->events[i] = NULL;
	}
	user_tell_all(chat, &told, 0);
	state_encode_room(&data, m->room, m);
	answer_ok(&w->answer, &data);
	user_news_room_entered(m, answer_session(&w->answer));
}

static void encode_events(struct store_room_create *op, const struct user *maker)
{
	struct buf *b = &op->created_data;
	buf_append_str(b, "{\"name\":");
	buf_append_json_string(b, op->name.s, op->name.n);
	buf_append_str(b, ",\"kind\":\"");
	buf_append_str(b, state_room_kind(op->kind));
	buf_append_str(b, "\",\"topic\":");
	buf_append_json_string(b, op->topic.s, op->topic.n);
	buf_append_str(b, ",\"by\":");
	state_encode_person(b, maker);
	buf_append_byte(b, '}');
	b = &op->joined_data;
	buf_append_str(b, "{\"user\":");
	state_encode_person(b, maker);
	buf_append_str(b, ",\"role\":\"");
	buf_append_str(b, person_member_role(op->unowned ? MEMBER_ROLE_MEMBER : MEMBER_ROLE_OWNER));
	buf_append_str(b, "\"}");
}

void handle_room_create(struct call *call)
{
	const struct data_room_create *d = &call->request->data.room_create;
	auto_buf shown = BUF_INIT, key = BUF_INIT, topic = BUF_INIT;
	if (!account_clean_name(call, "name", d->name, &shown, &key))
		return;
	if (call_must_wait(call, rate_room_made(call->session), "too many rooms made by this account"))
		return;
	if (!user_room_claim(call->user)) {
		struct answer a = answer_of(call);
		answer_rooms_full(&a);
		return;
	}
	struct store_room_create *op = wait_store_with(call, STORE_ROOM_CREATE, sizeof(*op), created, unclaim);
	d = &call->request->data.room_create;
	uid_random(&op->id, 1);
	op->kind = d->kind;
	op->owner_no = call->user->no;
	op->unowned = !d->owned;
	op->most_rooms = call->chat->config.limits.user_rooms;
	text_clean_message(d->topic.s ? d->topic.s : "", d->topic.n, &topic);
	op->name = wait_keep(op, &shown);
	op->name_key = wait_keep(op, &key);
	op->topic = wait_keep(op, &topic);
	encode_events(op, call->user);
	wait_go(op);
}
