#include "chat/apply.h"

#include "chat/server_log.h"
#include "chat/session.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "chat/user_tell.h"
#include "codec/json_check.h"
#include "room/room.h"

#include <stdlib.h>
#include <string.h>

/* The event as JSON; the caller owns it. Only for the few events that change more than numbers: a message is not parsed. */
static json_t *parse(const struct event *e)
{
	struct request_fault fault;
	size_t n;
	const uint8_t *json = event_json(e, &n);
	return json_check_parse(json, n, JSON_SCOPE_FRAME, 0, &fault);
}

static const char *data_string(const json_t *event, const char *member)
{
	return json_string_value(json_object_get(json_object_get(event, "data"), member));
}

static enum member_role role_of(const struct event *e)
{
	json_auto_t *json = parse(e);
	const char *role = data_string(json, "role");
	return role && strcmp(role, "owner") == 0 ? MEMBER_ROLE_OWNER : MEMBER_ROLE_MEMBER;
}

/* The user that the event is about; NULL when that user is not in memory. */
static struct user *subject_of(const struct room *r, const struct event *e)
{
	struct user *u = user_by_no(chat_of_rooms(r->rooms), e->author_no);
	if (!u)
		user_has_changed(chat_of_rooms(r->rooms), e->author_no); /* a sign-in under way may have read the state before this event */
	return u;
}

/* That user's membership, when the event says something new about it; else NULL. */
static struct member *member_of(struct room *r, const struct event *e)
{
	struct user *u = subject_of(r, e);
	struct member *m = u ? user_member_of(u, r) : NULL;
	return m && m->known_seq < e->seq ? m : NULL;
}

/* Writing a message marks the room as read up to it, in the store too. The account's other sessions see the message and conclude the same. */
static void message_created(struct room *r, const struct event *e)
{
	struct member *m = member_of(r, e);
	if (m)
		member_read_to(m, e->seq, e->n_messages);
}

/* Whether the feed holds an event that ends the membership: it came before the events that precede it. */
static bool leaves_soon(const struct room *r, uint64_t user_no)
{
	for (uint32_t i = 0; i < r->feed.n_held; i++)
		if (r->feed.held[i]->type == EVENT_MEMBER_LEFT && r->feed.held[i]->author_no == user_no)
			return true;
	return false;
}

static void member_joined(struct room *r, const struct event *e)
{
	struct user *u = subject_of(r, e);
	r->n_members++;
	if (!u || user_member_of(u, r))
		return;
	struct store_membership known = {.room.last_seq = e->seq, .role = role_of(e), .read_seq = e->seq, .read_messages = e->n_messages};
	struct member *m = user_add_member(u, r, &known);
	if (leaves_soon(r, u->no))
		member_left_elsewhere(m);
	user_news_room_added(m);
}

static void member_left(struct room *r, const struct event *e)
{
	struct member *m = member_of(r, e);
	if (r->n_members > 0)
		r->n_members--;
	if (!m)
		return;
	user_news_room_removed(m, session_by_id(chat_of_rooms(r->rooms), m->leaving));
	user_remove_member(m);
}

static void member_updated(struct room *r, const struct event *e)
{
	struct member *m = member_of(r, e);
	if (!m)
		return;
	m->role = role_of(e);
	m->user->n_told++; /* a state that is being made may contain the old role */
}

static void room_updated(struct room *r, const struct event *e)
{
	json_auto_t *json = parse(e);
	const char *name = data_string(json, "name"), *topic = data_string(json, "topic");
	if (name)
		room_rename(r, name, strlen(name));
	if (topic)
		room_set_topic(r, topic);
}

static void noticed(struct chat *c, const struct event *e)
{
	struct user_notice n;
	if (user_notice_of_event(e, &n))
		user_tell_apply(c, &n, 0);
	else
		server_log_skipped(c);
}

static void tell_watchers(const struct chat *c, const struct room *r)
{
	list_for_each(it, &c->watchers) {
		struct chat_watcher *w = list_entry(it, struct chat_watcher, in_chat);
		w->methods->applied(w, r);
	}
}

void apply_event(struct room *r, const struct event *e)
{
	switch (e->type) {
	case EVENT_MESSAGE_CREATED:
		message_created(r, e);
		break;
	case EVENT_MEMBER_JOINED:
		member_joined(r, e);
		break;
	case EVENT_MEMBER_LEFT:
		member_left(r, e);
		break;
	case EVENT_MEMBER_UPDATED:
		member_updated(r, e);
		break;
	case EVENT_ROOM_UPDATED:
		room_updated(r, e);
		break;
	case EVENT_NOTICE:
		if (r->no == SERVER_LOG_ROOM_NO)
			noticed(chat_of_rooms(r->rooms), e);
		break;
	default: /* most new events change nothing in memory and need no case */
		break;
	}
	tell_watchers(chat_of_rooms(r->rooms), r);
}

/* Nobody here has the room in memory, so no user in memory is a member of it. Only this event can make one a member. */
static void without_room(struct chat *c, const struct event *e)
{
	struct user *u = user_by_no(c, e->author_no);
	room_has_changed(c, &e->room); /* what was read of the room before is stale */
	user_has_changed(c, e->author_no);
	if (u && e->type == EVENT_MEMBER_JOINED)
		user_refresh(u);
	else if (u)
		u->n_told++; /* so is what is being read of the user */
}

/* The event waits for those before it, but the user's right to be in the room ends now. */
static void foresee(struct room *r, uint64_t user_no, uint64_t seq)
{
	struct user *u = user_by_no(chat_of_rooms(r->rooms), user_no);
	struct member *m = u ? user_member_of(u, r) : NULL;
	if (m && m->known_seq < seq)
		member_left_elsewhere(m);
}

static void into_feed(struct room *r, struct event *e, void (*take)(struct room *r, struct event *e))
{
	uint64_t seq = e->seq, author_no = e->author_no;
	bool ends = e->type == EVENT_MEMBER_LEFT;
	room_hold(r);
	take(r, e);
	if (ends && seq > r->feed.last_seq)
		foresee(r, author_no, seq);
	room_release(r);
}

static void apply_to(struct chat *c, struct event *e, void (*take)(struct room *r, struct event *e))
{
	struct room *r = room_by_id(&c->rooms, &e->room);
	if (r) {
		into_feed(r, e, take);
		return;
	}
	without_room(c, e);
	event_free(e);
}

void apply_arrived(struct chat *c, struct event *e)
{
	apply_to(c, e, room_hear);
}

static void hand_on(const struct chat *c, const struct event *e)
{
	if (c->outgoing.event)
		c->outgoing.event(c->outgoing.arg, e);
}

void apply_committed(struct chat *c, struct event *e)
{
	if (!e)
		return;
	hand_on(c, e);
	apply_to(c, e, room_offer);
}

void apply_committed_in(struct room *r, struct event *e)
{
	if (!e)
		return;
	hand_on(chat_of_rooms(r->rooms), e);
	into_feed(r, e, room_offer);
}

static void take(struct chat *c, struct event **event)
{
	struct event *e = *event;
	*event = NULL;
	apply_committed(c, e);
}

void apply_joined(struct chat *c, struct store_join *op)
{
	const struct told told = user_told_by(&op->op);
	take(c, &op->event);
	user_tell_all(c, &told, 0);
}

void apply_left(struct chat *c, struct store_leave *op)
{
	const struct told told = user_told_by(&op->op);
	take(c, &op->event);
	take(c, &op->passed_event);
	user_tell_all(c, &told, 0);
}

void apply_skipped(struct room *r)
{
	if (r->no == SERVER_LOG_ROOM_NO)
		server_log_skipped(chat_of_rooms(r->rooms));
	else
		user_refresh_members(r);
}
