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

#include <stdlib.h>

struct room_create {
	struct store_room_create op; /* first: the store hands this back */
	struct wait wait;
	struct buf name, name_key, topic;
};

static void create_free(struct room_create *c)
{
	user_room_unclaim(c->wait.user);
	wait_end(&c->wait);
	store_room_finish(&c->op.membership.room);
	buf_finish(&c->op.created_data);
	buf_finish(&c->op.joined_data);
	buf_finish(&c->name);
	buf_finish(&c->name_key);
	buf_finish(&c->topic);
	free(c);
}

static void created(struct store_op *op)
{
	struct room_create *c = (struct room_create *)(void *)op;
	if (op->result != 0) {
		wait_answer_failure(&c->wait, op->result, WIRE_INVALID_TOKEN, NULL); /* a guest who is signing out */
		create_free(c);
		return;
	}
	struct chat *chat = c->wait.answer.chat;
	struct member *m = user_learn_membership(c->wait.user, &c->op.membership); /* with its events in it */
	struct user_notice added = {
		.kind = NOTICE_ROOM_ADDED, .user_no = c->wait.user->no, .room = m->room->id, .seq = c->op.events[1]->seq};
	apply_committed(chat, c->op.events[0]);
	apply_committed(chat, c->op.events[1]);
	user_tell(chat, &added, 0);
	auto_buf data = BUF_INIT;
	state_encode_room(&data, m->room, m);
	answer_ok(&c->wait.answer, &data);
	user_news_room_entered(m, answer_session(&c->wait.answer));
	create_free(c);
}

static void encode_events(struct room_create *c, const struct user *maker)
{
	struct buf *b = &c->op.created_data;
	buf_append_str(b, "{\"name\":");
	buf_append_json_string(b, (const char *)c->name.data, c->name.len);
	buf_append_str(b, ",\"kind\":\"");
	buf_append_str(b, state_room_kind(c->op.kind));
	buf_append_str(b, "\",\"topic\":");
	buf_append_json_string(b, (const char *)c->topic.data, c->topic.len);
	buf_append_str(b, ",\"by\":");
	state_encode_person(b, maker);
	buf_append_byte(b, '}');
	b = &c->op.joined_data;
	buf_append_str(b, "{\"user\":");
	state_encode_person(b, maker);
	buf_append_str(b, ",\"role\":\"");
	buf_append_str(b, person_member_role(c->op.unowned ? MEMBER_ROLE_MEMBER : MEMBER_ROLE_OWNER));
	buf_append_str(b, "\"}");
}

void handle_room_create(struct call *call)
{
	const struct data_room_create *d = &call->request->data.room_create;
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	if (!account_clean_name(call, "name", d->name, &shown, &key))
		return;
	if (call_must_wait(call, rate_room_made(call->session), "too many rooms made by this account"))
		return;
	if (!user_room_claim(call->user)) {
		struct answer a = answer_of(call);
		answer_rooms_full(&a);
		return;
	}
	struct room_create *c = mem_new(struct room_create);
	c->op.op = (struct store_op){.kind = STORE_ROOM_CREATE, .done = created};
	uid_random(&c->op.id, 1);
	c->op.kind = d->kind;
	c->op.owner_no = call->user->no;
	c->op.unowned = !d->owned;
	c->op.most_rooms = call->chat->config.limits.user_rooms;
	text_clean_message(d->topic.s ? d->topic.s : "", d->topic.n, &c->topic);
	c->name = shown;
	c->name_key = key;
	shown = key = BUF_INIT;
	c->op.name = (struct text){(const char *)c->name.data, c->name.len};
	c->op.name_key = (struct text){(const char *)c->name_key.data, c->name_key.len};
	c->op.topic = (struct text){c->topic.data ? (const char *)c->topic.data : "", c->topic.len};
	encode_events(c, call->user);
	wait_begin(&c->wait, call, NULL);
	if (!wait_submit(&c->wait, &c->op.op))
		create_free(c);
}
