#include "chat/user_news.h"

#include "base/clock.h"
#include "chat/session.h"
#include "chat/state_encode.h"
#include "room/follower.h"
#include "room/reader.h"
#include "room/room.h"

#include <stdlib.h>
#include <string.h>

struct news {
	struct list in_user; /* user_news.all */
	enum event_type type;
	struct uid room;
	struct buf json;
	uint64_t except;      /* the id of a session that knows already, or 0 */
	uint32_t n_entered;   /* chat.n_entered when it was added: sessions that entered later know it */
	struct member *added; /* room.added: who gets readers; NULL when the room was left meanwhile, and nobody is told any more */
	uint64_t next_seq;    /* where the readers begin */
};

struct user_news {
	struct list in_chat; /* chat.telling */
	struct user *user;
	struct list all;   /* news.in_user, oldest first; the oldest is being told */
	struct list *next; /* session.in_user: the session that is told next */
	uint32_t n;
};

static void news_free(struct news *n)
{
	list_remove(&n->in_user);
	buf_finish(&n->json);
	free(n);
}

static void drop_all(struct user *u)
{
	struct user_news *all = u->news;
	if (!all)
		return;
	list_for_each_safe(it, &all->all) {
		news_free(list_entry(it, struct news, in_user));
	}
	list_remove(&all->in_chat);
	free(all);
	u->news = NULL;
}

static struct user_news *news_of(struct user *u)
{
	if (u->news)
		return u->news;
	u->news = mem_new(struct user_news);
	u->news->user = u;
	list_init(&u->news->all);
	u->news->next = u->sessions.next;
	list_init(&u->news->in_chat);
	list_append(&u->chat->telling, &u->news->in_chat);
	return u->news;
}

static bool has_others(const struct user *u, const struct session *except)
{
	bool is_one = except && except->user == u && session_receives(except);
	return u->n_sessions > (is_one ? 1u : 0u);
}

/* Drops an older mark that nobody was told of yet; the new one takes its place. */
static void drop_older_mark(struct user_news *all, const struct uid *room)
{
	for (struct list *it = all->all.next->next; it != &all->all; it = it->next) {
		struct news *n = list_entry(it, struct news, in_user);
		if (n->type == EVENT_READ_MARKED && memcmp(&n->room, room, sizeof(*room)) == 0) {
			news_free(n);
			all->n--;
			return;
		}
	}
}

static struct news *append(struct user_news *all, enum event_type type, const struct room *r)
{
	struct news *n = mem_new(struct news);
	n->type = type;
	n->room = r->id;
	n->n_entered = all->user->chat->n_entered;
	list_append(&all->all, &n->in_user);
	all->n++;
	loop_again(all->user->chat->loop);
	return n;
}

/* NULL when there is nobody to tell, or too much to tell already. */
static struct news *add(struct user *u, const struct session *except, enum event_type type, const struct room *r, const struct buf *data)
{
	u->n_told++;
	if (!has_others(u, except))
		return NULL;
	struct user_news *all = news_of(u);
	if (type == EVENT_READ_MARKED && all->n > 1)
		drop_older_mark(all, &r->id);
	if (all->n == USER_NEWS_MOST) {
		drop_all(u);
		list_for_each(it, &u->sessions) {
			conn_close(list_entry(it, struct session, in_user)->follower.conn, CLOSE_TOO_SLOW);
		}
		return NULL;
	}
	struct news *n = append(all, type, r);
	n->except = except ? except->id : 0;
	event_encode(&n->json, type, NULL, clock_wall_ms(), &r->id, 0, data->data, data->len);
	return n;
}

void user_news_read_marked(struct member *m, const struct session *except)
{
	auto_buf data = BUF_INIT;
	state_encode_mark(&data, m);
	add(m->user, except, EVENT_READ_MARKED, m->room, &data);
}

void user_news_room_added(struct member *m)
{
	uint64_t next_seq = m->room->feed.last_seq + 1;
	auto_buf data = BUF_INIT;
	state_encode_room(&data, m->room, m);
	struct news *n = add(m->user, NULL, EVENT_ROOM_ADDED, m->room, &data);
	if (n) {
		n->added = m;
		n->next_seq = next_seq;
	}
}

void user_news_room_entered(struct member *m, struct session *s)
{
	if (s && s->follower.transport == TRANSPORT_WEBSOCKET && s->user == m->user && !reader_of(&s->follower, m->room))
		reader_attach(&s->follower, m->room, &m->readers, m->room->feed.last_seq + 1);
}

void user_news_tell(struct member *m, const struct event *e)
{
	if (!has_others(m->user, NULL) || (m->user->news && m->user->news->n >= USER_NEWS_ASIDE_MOST))
		return;
	size_t n;
	const uint8_t *json = event_json(e, &n);
	buf_append(&append(news_of(m->user), e->type, m->room)->json, json, n);
}

/* Sessions that were not told of the room yet are not told of it any more. They are still told that it is gone. */
static void forget_member(const struct member *m)
{
	if (!m->user->news)
		return;
	list_for_each(it, &m->user->news->all) {
		struct news *n = list_entry(it, struct news, in_user);
		if (n->added == m)
			n->added = NULL;
	}
}

void user_news_room_removed(struct member *m, const struct session *except)
{
	static const uint8_t nothing[] = "{}";
	struct buf data = {.data = (uint8_t *)(uintptr_t)nothing, .len = 2};
	forget_member(m);
	list_for_each_safe(it, &m->readers) {
		struct reader *reader = list_entry(it, struct reader, in_group);
		struct follower *f = reader->follower;
		reader_detach(reader);
		if (f->transport == TRANSPORT_STREAM)
			conn_close(f->conn, CLOSE_DONE);
	}
	add(m->user, except, EVENT_ROOM_REMOVED, m->room, &data);
}

void user_news_forget(struct session *s)
{
	struct user *u = s->user;
	if (!u || !session_receives(s))
		return;
	if (u->news && u->news->next == &s->in_user)
		u->news->next = s->in_user.next;
	if (--u->n_sessions == 0)
		drop_all(u);
}

void user_news_enter_again(struct session *s)
{
	struct user *u = s->user;
	if (!session_receives(s))
		return;
	if (u->news && u->news->next == &s->in_user)
		u->news->next = s->in_user.next;
	list_remove(&s->in_user);
	list_append(&u->sessions, &s->in_user);
	s->n_entered = ++s->chat->n_entered;
}

static bool follows(struct session *s, const struct news *n)
{
	const struct room *r = room_by_id(&s->chat->rooms, &n->room);
	return r && reader_of(&s->follower, r);
}

static void tell(struct session *s, const struct news *n)
{
	if (n->type == EVENT_MESSAGE_EPHEMERAL) {
		if (follows(s, n))
			follower_tell(&s->follower, n->json.data, n->json.len);
		return;
	}
	if (n->added && s->follower.transport == TRANSPORT_WEBSOCKET && reader_of(&s->follower, n->added->room))
		return; /* it asked for this, and knows from its reply */
	if (n->type == EVENT_READ_MARKED || s->follower.transport == TRANSPORT_WEBSOCKET)
		follower_tell(&s->follower, n->json.data, n->json.len);
	if (n->added && s->follower.transport == TRANSPORT_WEBSOCKET)
		reader_attach(&s->follower, n->added->room, &n->added->readers, n->next_seq);
}

/* Tells the oldest news to at most `budget` sessions; returns what is left of it. */
static uint32_t tell_oldest(struct user_news *all, uint32_t budget)
{
	struct user *u = all->user;
	struct news *n = list_entry(all->all.next, struct news, in_user);
	bool void_by_now = u->is_void || (n->type == EVENT_ROOM_ADDED && !n->added);
	while (budget && !void_by_now && all->next != &u->sessions) {
		struct session *s = list_entry(all->next, struct session, in_user);
		if ((int32_t)(s->n_entered - n->n_entered) > 0)
			break;
		all->next = all->next->next;
		if (s->id == n->except || s->follower.starting)
			continue;
		tell(s, n);
		budget--;
	}
	if (!budget)
		return 0;
	news_free(n);
	all->n--;
	all->next = u->sessions.next;
	return budget;
}

void user_news_turn(struct chat *c)
{
	uint32_t budget = c->rooms.config.sweep_slice;
	while (budget && !list_empty(&c->telling)) {
		struct user_news *all = list_entry(c->telling.next, struct user_news, in_chat);
		budget = tell_oldest(all, budget);
		list_remove(&all->in_chat);
		if (list_empty(&all->all))
			drop_all(all->user);
		else
			list_append(&c->telling, &all->in_chat); /* behind the other accounts */
	}
	if (!list_empty(&c->telling))
		loop_again(c->loop);
}
