/*
 * Makes another user a member: the way into a private room. The rule is the same as for changing the room (room_lookup_rules()). Only those who may add learn
 * whether the user exists.
 */
#include "chat/apply.h"
#include "chat/rate.h"
#include "chat/state_encode.h"
#include "codec/request_fault.h"
#include "codec/text_clean.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"
#include "store/person.h"

#include <errno.h>

static void answer_failure(const struct wait *w, int result)
{
	struct request_fault fault;
	if (result != -EDQUOT) {
		wait_answer_absent(w, result, "user", "there is no account with this name, and nobody with this id");
		return;
	}
	request_fault_of(&fault, WIRE_LIMIT_REACHED, "user", "%s", "who would be added is in as many rooms as others may add anybody to");
	answer_fault(&w->answer, &fault);
}

static void added(struct wait *w)
{
	struct store_join *op = w->op;
	auto_buf data = BUF_INIT;
	if (w->result != 0) {
		answer_failure(w, w->result);
		return;
	}
	apply_joined(w->answer.chat, op);
	person_encode_member(&data, &op->user, op->membership.role, (struct text){0});
	answer_ok(&w->answer, &data);
}

static void found(struct wait *w, struct room *r)
{
	if (!room_lookup_rules(w, r))
		return;
	const struct room_ref *user = &w->request.data.member_add.user;
	auto_buf key = BUF_INIT, by = BUF_INIT;
	struct store_join *op = wait_next(w, STORE_JOIN, added);
	op->room_no = r->no;
	op->by_id = user->is_id;
	op->user_id = user->id;
	if (!user->is_id)
		text_name_key(user->name.s, user->name.n, &key);
	op->name_key = wait_keep(op, &key);
	op->role = MEMBER_ROLE_MEMBER;
	/* People are added without being asked, so others leave a quarter of a person's rooms free. */
	uint64_t user_rooms = w->answer.chat->config.limits.user_rooms;
	op->most_rooms = user_rooms - user_rooms / 4;
	state_encode_person(&by, w->user);
	op->by = wait_keep(op, &by);
	wait_go(op);
}

void handle_member_add(struct call *call)
{
	if (!call_must_wait(call, rate_room_made(call->session), "too many people added and rooms made by this account"))
		room_lookup(call, found);
}
