#include "store/notices.h"

#include "base/list.h"

#include <string.h>

static struct user_notice of_event(enum user_notice_kind kind, const struct event *e)
{
	return (struct user_notice){
		.kind = kind, .user_no = kind == NOTICE_ROOM_CHANGED ? 0 : e->author_no, .room = e->room, .seq = e->seq};
}

static struct user_notice tokens_ended(uint64_t user_no, enum token_kind up_to)
{
	return (struct user_notice){.kind = NOTICE_TOKENS_ENDED, .user_no = user_no, .up_to = up_to};
}

static struct user_notice owner_set(uint64_t user_no)
{
	return (struct user_notice){.kind = NOTICE_ROLE_SET, .user_no = user_no, .role = USER_ROLE_OWNER};
}

#define OP(noun) list_entry(op, const struct store_##noun, op)

static size_t of_join(const struct store_op *op, struct user_notice *out)
{
	const struct event *joined = OP(join)->event;
	if (!joined) /* was a member already */
		return 0;
	out[0] = of_event(NOTICE_ROOM_ADDED, joined);
	return 1;
}

static size_t of_leave(const struct store_op *op, struct user_notice *out)
{
	const struct store_leave *leave = OP(leave);
	out[0] = of_event(NOTICE_ROOM_REMOVED, leave->event);
	if (!leave->passed_event)
		return 1;
	out[1] = of_event(NOTICE_ROOM_CHANGED, leave->passed_event);
	return 2;
}

static size_t of_room_create(const struct store_op *op, struct user_notice *out)
{
	out[0] = of_event(NOTICE_ROOM_ADDED, OP(room_create)->events[1]);
	return 1;
}

static size_t of_room_update(const struct store_op *op, struct user_notice *out)
{
	out[0] = of_event(NOTICE_ROOM_CHANGED, OP(room_update)->event);
	return 1;
}

static size_t of_read_mark(const struct store_op *op, struct user_notice *out)
{
	const struct store_read_mark *m = OP(read_mark);
	out[0] = (struct user_notice){.kind = NOTICE_READ_MARKED, .user_no = m->user_no, .room = m->room, .seq = m->read_seq};
	out[0].n_messages = m->read_messages;
	return m->read_seq > 0;
}

static size_t of_user_create(const struct store_op *op, struct user_notice *out)
{
	out[0] = owner_set(OP(user_create)->user_no);
	return 1;
}

static size_t of_user_set(const struct store_op *op, struct user_notice *out)
{
	const struct store_user_set *set = OP(user_set);
	size_t n = 0;
	if (set->make_owner)
		out[n++] = owner_set(set->user_no);
	if (set->password_hash)
		out[n++] = tokens_ended(set->user_no, TOKEN_SESSION);
	return n;
}

static size_t of_token_create(const struct store_op *op, struct user_notice *out)
{
	out[0] = tokens_ended(OP(token_create)->user_no, TOKEN_BOT);
	return 1;
}

/* The token itself as well: a bot's is not a session token. */
static size_t of_token_delete(const struct store_op *op, struct user_notice *out)
{
	const struct store_token_delete *d = OP(token_delete);
	out[0] = (struct user_notice){.kind = NOTICE_TOKEN_ENDED, .user_no = d->user_no};
	memcpy(out[0].token_hash, d->hash, sizeof(out[0].token_hash));
	if (!d->everywhere)
		return 1;
	out[1] = tokens_ended(d->user_no, TOKEN_SESSION);
	return 2;
}

/* NULL: it has none. */
static size_t (*const notices_of[STORE_OP_KINDS])(const struct store_op *op, struct user_notice *out) = {
	[STORE_JOIN] = of_join,
	[STORE_LEAVE] = of_leave,
	[STORE_ROOM_CREATE] = of_room_create,
	[STORE_ROOM_UPDATE] = of_room_update,
	[STORE_READ_MARK] = of_read_mark,
	[STORE_USER_CREATE] = of_user_create,
	[STORE_USER_SET] = of_user_set,
	[STORE_TOKEN_CREATE] = of_token_create,
	[STORE_TOKEN_DELETE] = of_token_delete,
};

bool op_may_have_notices(const struct store_op *op)
{
	if (op->kind == STORE_USER_CREATE)
		return OP(user_create)->role == USER_ROLE_OWNER;
	if (op->kind == STORE_TOKEN_CREATE)
		return OP(token_create)->alone;
	return notices_of[op->kind] != NULL;
}

size_t op_notices(const struct store_op *op, struct user_notice out[OP_NOTICES_MAX])
{
	return op->result == 0 && op_may_have_notices(op) ? notices_of[op->kind](op, out) : 0;
}
