/*
 * Makes somebody else a member: the way into a private room. Who may is one rule with who may change the room (room_lookup_rules()). Only they learn
 * whether there is such a person.
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
#include <stdlib.h>

struct add {
	struct store_join op; /* first: the store hands this back */
	struct wait wait;
	struct buf name_key, by;
};

static void add_free(struct add *a)
{
	wait_end(&a->wait);
	store_join_finish(&a->op);
	buf_finish(&a->name_key);
	buf_finish(&a->by);
	free(a);
}

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

static void added(struct store_op *op)
{
	struct add *a = (struct add *)(void *)op;
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		apply_joined(a->wait.answer.chat, &a->op);
		person_encode_member(&data, &a->op.user, a->op.membership.role, (struct text){0});
		answer_ok(&a->wait.answer, &data);
	} else {
		answer_failure(&a->wait, op->result);
	}
	add_free(a);
}

static void found(struct wait *w, struct room *r)
{
	if (!room_lookup_rules(w, r))
		return;
	const struct room_ref *user = &w->request.data.member_add.user;
	struct add *a = mem_new(struct add);
	a->wait = *w;
	a->op.op = (struct store_op){.kind = STORE_JOIN, .done = added};
	a->op.room_no = r->no;
	a->op.by_id = user->is_id;
	a->op.user_id = user->id;
	if (!user->is_id)
		text_name_key(user->name.s, user->name.n, &a->name_key);
	a->op.name_key = (struct text){a->name_key.data ? (const char *)a->name_key.data : "", a->name_key.len};
	a->op.role = MEMBER_ROLE_MEMBER;
	/* Nobody is asked before being added: others leave a quarter of a person's rooms free. */
	uint64_t user_rooms = w->answer.chat->config.limits.user_rooms;
	a->op.most_rooms = user_rooms - user_rooms / 4;
	state_encode_person(&a->by, w->user);
	a->op.by = (struct text){(const char *)a->by.data, a->by.len};
	if (!wait_submit(&a->wait, &a->op.op))
		add_free(a);
}

void handle_member_add(struct call *call)
{
	if (!call_must_wait(call, rate_room_made(call->session), "too many people added and rooms made by this account"))
		room_lookup(call, found);
}
