#include "store/work/writer.h"

#include "base/clock.h"
#include "base/list.h"

#include <assert.h>
#include <errno.h>

#define OP_OF(type, o) list_entry((o), type, op)

static int write_ping(struct writer *w, struct store_op *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_PING);
	sqlite_statement_bind_i64(st, 1, clock_wall_ms());
	if (damage_is_known(w->damage))
		op->result = -EBADMSG;
	return sqlite_statement_run(st);
}

int writer_apply(struct writer *w, struct store_op *op)
{
	op->result = 0;
	switch (op->kind) {
	case STORE_APPEND:
		return write_append(w, OP_OF(struct store_append, op));
	case STORE_JOIN:
		return write_join(w, OP_OF(struct store_join, op));
	case STORE_LEAVE:
		return write_leave(w, OP_OF(struct store_leave, op));
	case STORE_GUESTS_END:
		return write_guests_end(w, OP_OF(struct store_guests_end, op));
	case STORE_ROOM_CREATE:
		return write_room_create(w, OP_OF(struct store_room_create, op));
	case STORE_ROOM_UPDATE:
		return write_room_update(w, OP_OF(struct store_room_update, op));
	case STORE_READ_MARK:
		return write_read_mark(w, OP_OF(struct store_read_mark, op));
	case STORE_USER_CREATE:
		return write_user_create(w, OP_OF(struct store_user_create, op));
	case STORE_USER_SET:
		return write_user_set(w, OP_OF(struct store_user_set, op));
	case STORE_TOKEN_CREATE:
		return write_token_create(w, OP_OF(struct store_token_create, op));
	case STORE_TOKEN_DELETE:
		return write_token_delete(w, OP_OF(struct store_token_delete, op));
	case STORE_PING:
		return write_ping(w, op);
	case STORE_SIGN_IN:
	case STORE_USER_BY_NAME:
	case STORE_ROOM_FIND:
	case STORE_ROOM_PAGE:
	case STORE_MEMBER_PAGE:
	case STORE_LOG_PAGE:
	case STORE_BACKUP:
	case STORE_VERIFY:
		break;
	}
	assert(false && "a read among the writes");
	return SQLITE_MISUSE;
}

int writer_write_back(struct writer *w)
{
	int rc = writer_own(w, read_marks_write(&w->marks, &w->connection), "memberships");
	return rc == SQLITE_OK ? room_cache_write(&w->rooms, &w->connection) : rc;
}

void writer_forget(struct writer *w)
{
	room_cache_forget(&w->rooms);
	read_marks_forget(&w->marks);
}

void writer_finish(struct writer *w)
{
	read_marks_finish(&w->marks);
	buf_finish(&w->json);
}

static void drop_event(struct event **e)
{
	event_free(*e);
	*e = NULL;
}

void writer_undo(struct store_op *op)
{
	if (op->kind == STORE_APPEND) {
		struct store_append *append = OP_OF(struct store_append, op);
		append->duplicate = false;
		drop_event(&append->event);
	} else if (op->kind == STORE_JOIN) {
		struct store_join *join = OP_OF(struct store_join, op);
		store_join_finish(join);
		drop_event(&join->event);
	} else if (op->kind == STORE_LEAVE) {
		struct store_leave *leave = OP_OF(struct store_leave, op);
		drop_event(&leave->event);
		drop_event(&leave->passed_event);
	} else if (op->kind == STORE_GUESTS_END) {
		store_guests_end_finish(OP_OF(struct store_guests_end, op));
	} else if (op->kind == STORE_ROOM_CREATE) {
		struct store_room_create *create = OP_OF(struct store_room_create, op);
		store_room_finish(&create->membership.room);
		drop_event(&create->events[0]);
		drop_event(&create->events[1]);
	} else if (op->kind == STORE_ROOM_UPDATE) {
		drop_event(&OP_OF(struct store_room_update, op)->event);
	}
}
