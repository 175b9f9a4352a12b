/* What the callers of a store have to free: the same for every store. */
#include "store/store.h"

#include "base/list.h"

#include <stdlib.h>

void store_user_finish(struct store_user *u)
{
	free(u->name);
	u->name = NULL;
}

void store_room_finish(struct store_room *r)
{
	free(r->name);
	free(r->topic);
	r->name = r->topic = NULL;
}

void store_op_finish(struct store_op *op)
{
#define FINISH_OWNS(noun) store_##noun##_finish(list_entry(op, struct store_##noun, op))
#define FINISH_NOTHING(noun) (void)0
#define X(KIND, noun, how, owns, room) \
	case STORE_##KIND: \
		FINISH_##owns(noun); \
		break;
	switch (op->kind) {
		STORE_OP_TABLE(X)
	}
#undef X
}

void store_op_finish_data(struct store_op *op)
{
#define X(KIND, noun, member) \
	if (op->kind == STORE_##KIND) \
		buf_finish(&list_entry(op, struct store_##noun, op)->member);
	STORE_OP_DATA_TABLE(X)
#undef X
}

size_t store_op_data_bytes(const struct store_op *op)
{
	size_t n = 0;
#define X(KIND, noun, member) \
	if (op->kind == STORE_##KIND) \
		n += list_entry(op, const struct store_##noun, op)->member.len;
	STORE_OP_DATA_TABLE(X)
#undef X
	return n;
}

void store_op_set_room(struct store_op *op, uint64_t room_no)
{
#define SET_ROOM(noun) list_entry(op, struct store_##noun, op)->room_no = room_no
#define SET_NO_ROOM(noun) (void)0
#define X(KIND, noun, how, owns, room) \
	case STORE_##KIND: \
		SET_##room(noun); \
		break;
	switch (op->kind) {
		STORE_OP_TABLE(X)
	}
#undef X
}

static const struct {
	enum store_op_how how;
	size_t n_bytes;
	const char *name;
} ops[STORE_OP_KINDS] = {
#define X(KIND, noun, how, owns, room) [STORE_##KIND] = {STORE_##how, sizeof(struct store_##noun), #noun},
	STORE_OP_TABLE(X)
#undef X
};

enum store_op_how store_op_how(enum store_op_kind kind)
{
	return ops[kind].how;
}

size_t store_op_bytes(enum store_op_kind kind)
{
	return ops[kind].n_bytes;
}

const char *store_op_name(enum store_op_kind kind)
{
	return ops[kind].name;
}
