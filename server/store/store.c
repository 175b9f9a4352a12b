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

void store_join_finish(struct store_join *j)
{
	store_user_finish(&j->user);
	store_room_finish(&j->membership.room);
}

void store_guests_end_finish(struct store_guests_end *g)
{
	for (size_t i = 0; i < g->n_ended; i++) {
		event_free(g->ended[i].leave.event);
		event_free(g->ended[i].leave.passed_event);
	}
	free(g->ended);
	g->ended = NULL;
	g->n_ended = 0;
}

void store_sign_in_finish(struct store_sign_in *s)
{
	store_user_finish(&s->user);
	for (size_t i = 0; i < s->n_memberships; i++)
		store_room_finish(&s->memberships[i].room);
	free(s->memberships);
	s->memberships = NULL;
	s->n_memberships = 0;
}

void store_room_page_finish(struct store_room_page *p)
{
	for (size_t i = 0; i < p->n_rooms; i++)
		store_room_finish(&p->rooms[i]);
	free(p->rooms);
	free(p->is_member);
	p->rooms = NULL;
	p->is_member = NULL;
	p->n_rooms = 0;
}

void store_member_page_finish(struct store_member_page *p)
{
	for (size_t i = 0; i < p->n_users; i++)
		store_user_finish(&p->users[i]);
	free(p->users);
	free(p->roles);
	p->users = NULL;
	p->roles = NULL;
	p->n_users = 0;
}

void store_log_page_finish(struct store_log_page *p)
{
	for (size_t i = 0; i < p->n_events; i++)
		event_free(p->events[i]);
	free(p->events);
	p->events = NULL;
	p->n_events = 0;
}

static void drop_event(struct event **e)
{
	event_free(*e);
	*e = NULL;
}

static void finish_append(struct store_append *op)
{
	drop_event(&op->event);
	op->duplicate = false;
}

static void finish_join(struct store_join *op)
{
	store_join_finish(op);
	drop_event(&op->event);
}

static void finish_leave(struct store_leave *op)
{
	drop_event(&op->event);
	drop_event(&op->passed_event);
}

static void finish_guests_end(struct store_guests_end *op)
{
	store_guests_end_finish(op);
}

static void finish_room_create(struct store_room_create *op)
{
	store_room_finish(&op->membership.room);
	drop_event(&op->events[0]);
	drop_event(&op->events[1]);
}

static void finish_room_update(struct store_room_update *op)
{
	drop_event(&op->event);
}

static void finish_sign_in(struct store_sign_in *op)
{
	store_sign_in_finish(op);
}

static void finish_user_by_name(struct store_user_by_name *op)
{
	store_user_finish(&op->user);
	free(op->password_hash);
	op->password_hash = NULL;
}

static void finish_room_find(struct store_room_find *op)
{
	store_room_finish(&op->room);
}

static void finish_room_page(struct store_room_page *op)
{
	store_room_page_finish(op);
}

static void finish_member_page(struct store_member_page *op)
{
	store_member_page_finish(op);
}

static void finish_log_page(struct store_log_page *op)
{
	store_log_page_finish(op);
}

static void finish_verify(struct store_verify *op)
{
	buf_finish(&op->faults);
}

void store_op_finish(struct store_op *op)
{
#define FINISH_OWNS(noun) finish_##noun(list_entry(op, struct store_##noun, op))
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
