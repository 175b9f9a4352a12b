/*
 * The tables of the fake store, as the files that work on them find, add and tell rows.
 */
#ifndef PARLEY_TESTS_FAKE_STORE_ROWS_H
#define PARLEY_TESTS_FAKE_STORE_ROWS_H

#include "fake_store.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

#define ADD_ROW(rows, n) ((rows) = mem_realloc((rows), ((n) + 1) * sizeof(*(rows))), &(rows)[(n)++])

static inline char *text_copy(const char *s, size_t n)
{
	return mem_strndup(s ? s : "", s ? n : 0);
}

static inline struct fake_room *room_at(struct fake_store *f, uint64_t no)
{
	return no && no <= f->n_rooms ? &f->rooms[no - 1] : NULL;
}

static inline struct fake_member *member_at(struct fake_room *r, uint64_t user_no)
{
	assert(r);
	for (size_t i = 0; i < r->n_members; i++)
		if (r->members[i].user_no == user_no)
			return &r->members[i];
	return NULL;
}

static inline struct event *event_copy(const struct event *e)
{
	return mem_copy(e, sizeof(*e) + e->frame_bytes);
}

/* Appends to the log; the result is the caller's. */
static inline struct event *add_event(struct fake_room *r, enum event_type type, uint64_t author_no, const void *data, size_t n)
{
	auto_buf json = BUF_INIT;
	struct uid id;
	uint64_t seq = r->n_log + 1;
	uid_random(&id, 1);
	int64_t timestamp = 1700000000000 + (int64_t)seq;
	event_encode(&json, type, &id, timestamp, &r->id, seq, data, n);
	struct event *e = event_new(json.data, json.len);
	r->n_messages += type == EVENT_MESSAGE_CREATED;
	e->room = r->id;
	e->id = id;
	e->seq = seq;
	e->n_messages = r->n_messages;
	e->timestamp_ms = timestamp;
	e->type = type;
	e->author_no = author_no;
	*ADD_ROW(r->log, r->n_log) = e;
	return event_copy(e);
}

static inline void tell_user(const struct fake_store *f, uint64_t no, struct store_user *out)
{
	const struct fake_user *u = &f->users[no - 1];
	*out = (struct store_user){.no = no, .id = u->id, .kind = u->kind, .role = u->role, .name = text_copy(u->name, strlen(u->name))};
}

static inline void tell_room(struct fake_store *f, uint64_t no, struct store_room *out)
{
	const struct fake_room *r = room_at(f, no);
	assert(r);
	*out = (struct store_room){
		.no = no,
		.id = r->id,
		.kind = r->kind,
		.name = text_copy(r->name, strlen(r->name)),
		.topic = text_copy(r->topic, strlen(r->topic)),
		.last_seq = r->n_log,
		.n_messages = r->n_messages,
		.n_members = r->n_members,
		.created_ms = 1,
	};
}

static inline void tell_membership(struct fake_store *f, uint64_t room_no, const struct fake_member *m, struct store_membership *out)
{
	assert(m);
	tell_room(f, room_no, &out->room);
	out->role = m->role;
	out->read_seq = m->read_seq;
	out->read_messages = m->read_messages;
}

/* A public one, or a private one of this user (0: nobody). */
static inline uint64_t room_by_key(const struct fake_store *f, struct text key, uint64_t user_no)
{
	for (size_t i = 0; i < f->n_rooms; i++) {
		struct fake_room *r = &f->rooms[i];
		bool shows = r->kind == ROOM_PUBLIC || member_at(r, user_no);
		if (shows && strlen(r->key) == key.n && memcmp(r->key, key.s, key.n) == 0)
			return i + 1;
	}
	return 0;
}

static inline uint64_t user_by_key(const struct fake_store *f, struct text key)
{
	for (size_t i = 0; i < f->n_users; i++)
		if (f->users[i].kind != USER_GUEST && strlen(f->users[i].key) == key.n && memcmp(f->users[i].key, key.s, key.n) == 0)
			return i + 1;
	return 0;
}

static inline struct fake_token *token_by_hash(struct fake_store *f, const uint8_t *hash)
{
	for (size_t i = 0; i < f->n_tokens; i++)
		if (f->tokens[i].user_no && memcmp(f->tokens[i].hash, hash, SECRET_HASH_BYTES) == 0)
			return &f->tokens[i];
	return NULL;
}

/* fake_store_members.c */
int fake_store_join(struct fake_store *f, struct store_join *op);
int fake_store_leave(struct fake_store *f, struct store_leave *op);
int fake_store_guests_end(struct fake_store *f, struct store_guests_end *op);

#endif
