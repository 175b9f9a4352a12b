#include "chat/user.h"

#include "room/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_WALKED = 16 }; /* a list this short is walked, which takes no memory */

struct user *user_by_no(struct chat *c, uint64_t no)
{
	uint8_t key[16];
	id_map_key_of_no(no, key);
	return id_map_get(&c->users, key);
}

struct user *user_load(struct chat *c, const struct store_user *known, const struct store_membership *memberships, size_t n)
{
	struct user *u = user_by_no(c, known->no);
	if (u)
		return u;
	uint8_t key[16];
	size_t n_name = strlen(known->name) + 1;
	u = mem_zalloc(sizeof(*u) + n_name);
	memcpy(u->name, known->name, n_name);
	u->chat = c;
	u->id = known->id;
	u->no = known->no;
	u->kind = known->kind;
	u->role = known->role;
	list_init(&u->members);
	list_init(&u->sessions);
	list_init(&u->in_idle);
	list_init(&u->in_stale);
	u->idle_since_ms = loop_now_ms(c->loop);
	list_append(&c->idle_users, &u->in_idle);
	id_map_key_of_no(u->no, key);
	id_map_put(&c->users, key, u);
	metric_change(&c->metrics->users_loaded, 1);
	for (size_t i = 0; i < n; i++)
		user_add_member(u, room_load(&c->rooms, &memberships[i].room), &memberships[i]);
	return u;
}

bool user_rooms_are_old(struct chat *c, const struct store_membership *memberships, size_t n, uint64_t n_changes)
{
	for (size_t i = 0; i < n; i++) {
		const struct uid *id = &memberships[i].room.id;
		if (room_changed_since(c, id, n_changes) && !room_by_id(&c->rooms, id))
			return true;
	}
	return false;
}

void user_hold(struct user *u)
{
	if (u->n_holds++ == 0)
		list_remove(&u->in_idle);
}

void user_release(struct user *u)
{
	assert(u->n_holds > 0);
	if (--u->n_holds == 0) {
		u->idle_since_ms = loop_now_ms(u->chat->loop);
		list_append(&u->chat->idle_users, &u->in_idle);
	}
}

/* Each message looks for a member, and a user in many rooms has many. */
static void index_member(struct user *u, struct member *m)
{
	if (u->rooms) {
		id_map_put(u->rooms, m->room->id.b, m);
		return;
	}
	if (u->n_members <= MEMBERS_WALKED)
		return;
	u->rooms = mem_new(struct id_map);
	list_for_each(it, &u->members) {
		struct member *other = list_entry(it, struct member, in_user);
		id_map_put(u->rooms, other->room->id.b, other);
	}
}

static void drop_index(struct user *u)
{
	if (u->rooms)
		id_map_finish(u->rooms);
	free(u->rooms);
	u->rooms = NULL;
}

static void user_free(struct user *u)
{
	assert(u->n_holds == 0 && list_empty(&u->sessions));
	drop_index(u);
	list_for_each_safe(it, &u->members) {
		user_remove_member(list_entry(it, struct member, in_user));
	}
	list_remove(&u->in_idle);
	list_remove(&u->in_stale);
	free(u);
}

void user_unload_idle(struct chat *c, bool everything)
{
	uint64_t now = loop_now_ms(c->loop);
	uint8_t key[16];
	list_for_each_safe(it, &c->idle_users) {
		struct user *u = list_entry(it, struct user, in_idle);
		if (!everything && now - u->idle_since_ms < c->rooms.config.room_idle_ms)
			break;
		if (!u->is_void) {
			id_map_key_of_no(u->no, key);
			id_map_remove(&c->users, key);
		}
		user_free(u);
		c->n_unloads++;
		metric_change(&c->metrics->users_loaded, -1);
	}
}

void user_void(struct user *u)
{
	uint8_t key[16];
	id_map_key_of_no(u->no, key);
	id_map_remove(&u->chat->users, key);
	u->is_void = true;
	list_remove(&u->in_stale);
}

void user_void_all(struct chat *c)
{
	size_t at = 0;
	for (struct user *u; (u = id_map_next(&c->users, &at));) {
		u->is_void = true;
		list_remove(&u->in_stale);
	}
	id_map_finish(&c->users);
	user_unload_idle(c, true);
}

struct member *user_member_of(struct user *u, const struct room *r)
{
	if (u->rooms)
		return id_map_get(u->rooms, r->id.b);
	list_for_each(it, &u->members) {
		struct member *m = list_entry(it, struct member, in_user);
		if (m->room == r)
			return m;
	}
	return NULL;
}

struct member *user_private_room(struct user *u, const void *name_key, size_t n)
{
	struct member *oldest = NULL;
	uint8_t hash[16];
	if (list_empty(&u->members) || list_entry(u->members.next, struct member, in_user)->room->kind != ROOM_PRIVATE)
		return NULL;
	id_map_key_of(name_key, n, hash);
	list_for_each(it, &u->members) {
		struct member *m = list_entry(it, struct member, in_user);
		if (m->room->kind != ROOM_PRIVATE)
			break;
		if (memcmp(m->room->name_hash, hash, sizeof(hash)) == 0 && (!oldest || m->room->no < oldest->room->no))
			oldest = m;
	}
	return oldest;
}

bool user_room_claim(struct user *u)
{
	uint64_t most = u->chat->config.limits.user_rooms;
	if (most && !u->chat->store->is_shared && (uint64_t)u->n_members + u->n_claims >= most)
		return false;
	u->n_claims++;
	return true;
}

void user_room_unclaim(struct user *u)
{
	u->n_claims--;
}

struct member *user_add_member(struct user *u, struct room *r, const struct store_membership *known)
{
	struct member *m = user_member_of(u, r);
	if (m)
		return m;
	m = mem_new(struct member);
	m->user = u;
	m->room = r;
	m->role = known->role;
	m->known_seq = known->room.last_seq;
	m->read_seq = known->read_seq;
	m->read_messages = known->read_messages;
	list_init(&m->readers);
	if (r->kind == ROOM_PRIVATE)
		list_insert_before(u->members.next, &m->in_user);
	else
		list_append(&u->members, &m->in_user);
	u->n_members++;
	index_member(u, m);
	room_hold(r);
	return m;
}

void user_remove_member(struct member *m)
{
	assert(list_empty(&m->readers));
	if (m->user->rooms)
		id_map_remove(m->user->rooms, m->room->id.b);
	list_remove(&m->in_user);
	m->user->n_members--;
	room_release(m->room);
	free(m);
}

bool member_read_to(struct member *m, uint64_t read_seq, uint64_t read_messages)
{
	if (read_seq <= m->read_seq)
		return false;
	m->read_seq = read_seq;
	m->read_messages = read_messages;
	return true;
}

uint64_t member_unread(const struct member *m)
{
	return m->room->n_messages > m->read_messages ? m->room->n_messages - m->read_messages : 0;
}
