#include "chat/server_log.h"

#include "chat/user_refresh.h"
#include "room/room.h"

#include <assert.h>
#include <stdlib.h>

struct server_log {
	struct store_room_find op; /* first: the store hands this back */
	struct chat *chat;
	struct room *room; /* held; NULL while the end of the log is not known */
	bool asking;
};

struct server_log *server_log_new(struct chat *c)
{
	struct server_log *log = mem_new(struct server_log);
	log->chat = c;
	return log;
}

void server_log_destroy(struct server_log *log)
{
	if (!log)
		return;
	assert(!log->asking);
	server_log_forget(log);
	free(log);
}

void server_log_forget(struct server_log *log)
{
	if (!log->room)
		return;
	room_unfollow(log->room);
	room_release(log->room);
	log->room = NULL;
}

static void found(struct store_op *op)
{
	struct server_log *log = (struct server_log *)(void *)op;
	struct chat *c = log->chat;
	c->n_pending--;
	log->asking = false;
	if (op->result == 0) {
		log->room = room_load(&c->rooms, &log->op.room);
		room_hold(log->room);
		room_follow(log->room);
		server_log_skipped(c); /* users that were read before the log's end was known */
	}
	store_op_finish(op);
}

void server_log_find(struct server_log *log)
{
	struct chat *c = log->chat;
	if (log->room || log->asking)
		return;
	log->op = (struct store_room_find){.op = {.kind = STORE_ROOM_FIND, .done = found}, .room_no = SERVER_LOG_ROOM_NO};
	log->asking = c->store->methods->submit(c->store, &log->op.op) == 0;
	c->n_pending += log->asking;
}

void server_log_skipped(struct chat *c)
{
	users_have_changed(c);
	user_refresh_all(c);
}

static void into_feed(const struct server_log *log, const struct user_notice *notices, size_t n, uint64_t seq,
		      void (*take)(struct room *r, struct event *e))
{
	for (size_t i = 0; i < n; i++)
		take(log->room, user_notice_to_event(&notices[i], &log->room->id, seq - n + 1 + i));
}

void server_log_wrote(struct server_log *log, const struct user_notice *notices, size_t n, uint64_t seq)
{
	if (!log->room || seq < n)
		return;
	if (log->room->feed.last_seq + n == seq)
		room_pass(log->room, seq);
	else if (log->room->is_heard)
		into_feed(log, notices, n, seq, room_offer);
}

void server_log_heard(struct server_log *log, const struct user_notice *notices, size_t n, uint64_t seq)
{
	if (log->room && seq >= n)
		into_feed(log, notices, n, seq, room_hear);
}
