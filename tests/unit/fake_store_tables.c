/* The tables, and what each operation does to them. */
#include "fake_store.h"

#include "base/id.h"
#include "base/memory.h"
#include "chat/person.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tables ---- */

#define ADD_ROW(rows, n) ((rows) = mem_realloc((rows), ((n) + 1) * sizeof(*(rows))), &(rows)[(n)++])

static char *text_copy(const char *s, size_t n)
{
	return mem_strndup(s ? s : "", s ? n : 0);
}

static struct fake_room *room_at(struct fake_store *f, uint64_t no)
{
	return no && no <= f->n_rooms ? &f->rooms[no - 1] : NULL;
}

static struct fake_member *member_at(struct fake_room *r, uint64_t user_no)
{
	assert(r);
	for (size_t i = 0; i < r->n_members; i++)
		if (r->members[i].user_no == user_no)
			return &r->members[i];
	return NULL;
}

static struct event *event_copy(const struct event *e)
{
	return mem_copy(e, sizeof(*e) + e->frame_bytes);
}

/* Appends to the log; the result is the caller's. */
static struct event *add_event(struct fake_room *r, enum event_type type, const void *data, size_t n)
{
	auto_buf json = BUF_INIT;
	struct uid id;
	uint64_t seq = r->n_log + 1;
	id_random(id.b);
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
	*ADD_ROW(r->log, r->n_log) = e;
	return event_copy(e);
}

static void tell_user(const struct fake_store *f, uint64_t no, struct store_user *out)
{
	const struct fake_user *u = &f->users[no - 1];
	*out = (struct store_user){.no = no, .id = u->id, .kind = u->kind, .role = u->role, .name = text_copy(u->name, strlen(u->name))};
}

static void tell_room(struct fake_store *f, uint64_t no, struct store_room *out)
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

static void tell_membership(struct fake_store *f, uint64_t room_no, const struct fake_member *m, struct store_membership *out)
{
	assert(m);
	tell_room(f, room_no, &out->room);
	out->role = m->role;
	out->read_seq = m->read_seq;
	out->read_messages = m->read_messages;
}

/* A public one, or a private one of this user (0: nobody). */
static uint64_t room_by_key(const struct fake_store *f, struct text key, uint64_t user_no)
{
	for (size_t i = 0; i < f->n_rooms; i++) {
		struct fake_room *r = &f->rooms[i];
		bool shows = r->kind == ROOM_PUBLIC || member_at(r, user_no);
		if (shows && strlen(r->key) == key.n && memcmp(r->key, key.s, key.n) == 0)
			return i + 1;
	}
	return 0;
}

static uint64_t user_by_key(const struct fake_store *f, struct text key)
{
	for (size_t i = 0; i < f->n_users; i++)
		if (f->users[i].kind != USER_GUEST && strlen(f->users[i].key) == key.n && memcmp(f->users[i].key, key.s, key.n) == 0)
			return i + 1;
	return 0;
}

static struct fake_token *token_by_hash(struct fake_store *f, const uint8_t *hash)
{
	for (size_t i = 0; i < f->n_tokens; i++)
		if (f->tokens[i].user_no && memcmp(f->tokens[i].hash, hash, SECRET_HASH_BYTES) == 0)
			return &f->tokens[i];
	return NULL;
}

/* ---- writes ---- */

static int append(struct fake_store *f, struct store_append *op)
{
	struct fake_room *r = room_at(f, op->room_no);
	if (!r || op->reply_to > r->n_log || (op->reply_to && r->log[op->reply_to - 1]->type != EVENT_MESSAGE_CREATED))
		return -ENOENT;
	for (size_t i = 0; op->has_client_id && i < f->n_client_ids; i++) {
		const struct fake_client_id *c = &f->client_ids[i];
		if (c->author_no != op->author_no || !uid_equal(&c->id, &op->client_id))
			continue;
		const struct fake_room *first = room_at(f, c->room_no);
		assert(first);
		const struct event *e = first->log[c->seq - 1];
		op->duplicate = true;
		op->room_of_first = first->id;
		op->id = e->id;
		op->seq = e->seq;
		op->timestamp_ms = e->timestamp_ms;
		return 0;
	}
	op->event = add_event(r, op->type, op->data.data, op->data.len);
	op->room_of_first = r->id;
	op->id = op->event->id;
	op->seq = op->event->seq;
	op->timestamp_ms = op->event->timestamp_ms;
	if (op->has_client_id)
		*ADD_ROW(f->client_ids, f->n_client_ids) =
			(struct fake_client_id){.id = op->client_id, .author_no = op->author_no, .room_no = op->room_no, .seq = op->seq};
	return 0;
}

static uint64_t joiner_of(const struct fake_store *f, const struct store_join *op)
{
	uint64_t no = op->user_no;
	for (size_t i = 0; !no && op->by_id && i < f->n_users; i++)
		if (uid_equal(&f->users[i].id, &op->user_id))
			no = i + 1;
	return no || op->by_id ? no : user_by_key(f, op->name_key);
}

static int join(struct fake_store *f, struct store_join *op)
{
	auto_buf data = BUF_INIT;
	struct fake_room *r = room_at(f, op->room_no);
	uint64_t user_no = joiner_of(f, op);
	uint64_t n_rooms = 0;
	if (!r || !user_no)
		return -ENOENT;
	for (size_t i = 0; i < f->n_rooms; i++)
		n_rooms += member_at(&f->rooms[i], user_no) != NULL;
	if (!member_at(r, user_no) && op->most_rooms && n_rooms >= op->most_rooms)
		return -EDQUOT;
	tell_user(f, user_no, &op->user);
	if (!member_at(r, user_no)) {
		person_encode_member(&data, &op->user, op->role, op->by);
		op->event = add_event(r, EVENT_MEMBER_JOINED, data.data, data.len);
		*ADD_ROW(r->members, r->n_members) =
			(struct fake_member){.user_no = user_no, .role = op->role, .read_seq = r->n_log, .read_messages = r->n_messages};
	}
	tell_membership(f, op->room_no, member_at(r, user_no), &op->membership);
	return 0;
}

static void pass_on(const struct fake_store *f, struct fake_room *r, struct store_leave *op)
{
	auto_buf data = BUF_INIT;
	struct store_user heir;
	r->members[0].role = MEMBER_ROLE_OWNER;
	tell_user(f, r->members[0].user_no, &heir);
	person_encode_member(&data, &heir, MEMBER_ROLE_OWNER, (struct text){0});
	op->heir = heir.id;
	op->passed_event = add_event(r, EVENT_MEMBER_UPDATED, data.data, data.len);
	store_user_finish(&heir);
}

static int leave(struct fake_store *f, struct store_leave *op)
{
	struct fake_room *r = room_at(f, op->room_no);
	struct fake_member *m = r ? member_at(r, op->user_no) : NULL;
	if (!m)
		return -ENOENT;
	bool was_owner = m->role == MEMBER_ROLE_OWNER;
	r->n_members--;
	memmove(m, m + 1, (size_t)(r->members + r->n_members - m) * sizeof(*m)); /* they stay in the order in which they came */
	op->event = add_event(r, EVENT_MEMBER_LEFT, op->data.data, op->data.len);
	if (was_owner && r->n_members > 0)
		pass_on(f, r, op);
	return 0;
}

static int room_create(struct fake_store *f, struct store_room_create *op)
{
	if (room_by_key(f, op->name_key, op->owner_no))
		return -EEXIST;
	struct fake_room *r = ADD_ROW(f->rooms, f->n_rooms);
	*r = (struct fake_room){
		.id = op->id,
		.kind = op->kind,
		.name = text_copy(op->name.s, op->name.n),
		.key = text_copy(op->name_key.s, op->name_key.n),
		.topic = text_copy(op->topic.s, op->topic.n),
	};
	op->events[0] = add_event(r, EVENT_ROOM_CREATED, op->created_data.data, op->created_data.len);
	op->events[1] = add_event(r, EVENT_MEMBER_JOINED, op->joined_data.data, op->joined_data.len);
	*ADD_ROW(r->members, r->n_members) =
		(struct fake_member){.user_no = op->owner_no, .role = op->unowned ? MEMBER_ROLE_MEMBER : MEMBER_ROLE_OWNER, .read_seq = 2};
	tell_membership(f, f->n_rooms, &r->members[0], &op->membership);
	return 0;
}

static void replace(char **at, struct text with)
{
	if (!with.s)
		return;
	free(*at);
	*at = text_copy(with.s, with.n);
}

static int room_update(struct fake_store *f, struct store_room_update *op)
{
	struct fake_room *r = room_at(f, op->room_no);
	uint64_t other = op->name.s ? room_by_key(f, op->name_key, op->user_no) : 0;
	if (!r)
		return -ENOENT;
	if (other && other != op->room_no)
		return -EEXIST;
	replace(&r->name, op->name);
	replace(&r->key, op->name_key);
	replace(&r->topic, op->topic);
	op->event = add_event(r, EVENT_ROOM_UPDATED, op->data.data, op->data.len);
	return 0;
}

static int read_mark(struct fake_store *f, struct store_read_mark *op)
{
	struct fake_room *r = room_at(f, op->room_no);
	struct fake_member *m = r ? member_at(r, op->user_no) : NULL;
	if (!m)
		return -ENOENT;
	uint64_t seq = op->seq < r->n_log ? op->seq : r->n_log;
	if (seq > m->read_seq) {
		m->read_seq = seq;
		m->read_messages = r->log[seq - 1]->n_messages;
	}
	op->read_seq = m->read_seq;
	op->read_messages = m->read_messages;
	return 0;
}

static void add_token(struct fake_store *f, const uint8_t *hash, uint64_t user_no, enum token_kind kind)
{
	struct fake_token *t = ADD_ROW(f->tokens, f->n_tokens);
	*t = (struct fake_token){.user_no = user_no, .kind = kind};
	memcpy(t->hash, hash, sizeof(t->hash));
}

static int user_create(struct fake_store *f, struct store_user_create *op)
{
	if (user_by_key(f, op->name_key))
		return -EEXIST;
	for (size_t i = 0; op->first_owner && i < f->n_users; i++)
		if (f->users[i].role == USER_ROLE_OWNER)
			return -EPERM;
	*ADD_ROW(f->users, f->n_users) = (struct fake_user){
		.id = op->id,
		.kind = op->kind,
		.role = op->role,
		.name = text_copy(op->name.s, op->name.n),
		.key = text_copy(op->name_key.s, op->name_key.n),
		.password_hash = op->password_hash ? text_copy(op->password_hash, strlen(op->password_hash)) : NULL,
	};
	op->user_no = f->n_users;
	if (op->has_token)
		add_token(f, op->token_hash, op->user_no, op->token_kind);
	return 0;
}

static int user_set(struct fake_store *f, struct store_user_set *op)
{
	uint64_t no = user_by_key(f, op->name_key);
	if (!no)
		return -ENOENT;
	struct fake_user *u = &f->users[no - 1];
	op->user_id = u->id;
	if (op->make_owner)
		u->role = USER_ROLE_OWNER;
	if (op->password_hash)
		replace(&u->password_hash, (struct text){op->password_hash, strlen(op->password_hash)});
	for (size_t i = 0; op->password_hash && i < f->n_tokens; i++)
		if (f->tokens[i].user_no == no && f->tokens[i].kind == TOKEN_SESSION)
			f->tokens[i].user_no = 0;
	return 0;
}

static int token_create(struct fake_store *f, const struct store_token_create *op)
{
	const char *password_hash = f->users[op->user_no - 1].password_hash;
	if (op->password_hash && (!password_hash || strcmp(password_hash, op->password_hash) != 0))
		return -ENOENT;
	if (op->renewed_password_hash)
		replace(&f->users[op->user_no - 1].password_hash,
			(struct text){op->renewed_password_hash, strlen(op->renewed_password_hash)});
	for (size_t i = 0; op->alone && i < f->n_tokens; i++)
		if (f->tokens[i].user_no == op->user_no)
			f->tokens[i].user_no = 0;
	add_token(f, op->hash, op->user_no, op->kind);
	return 0;
}

static int token_delete(struct fake_store *f, struct store_token_delete *op)
{
	struct fake_token *t = token_by_hash(f, op->hash);
	if (!t)
		return -ENOENT;
	uint64_t user_no = t->user_no;
	t->user_no = 0;
	for (size_t i = 0; op->everywhere && i < f->n_tokens; i++)
		if (f->tokens[i].user_no == user_no && f->tokens[i].kind == TOKEN_SESSION)
			f->tokens[i].user_no = 0;
	return 0;
}

/* ---- reads ---- */

static int sign_in(struct fake_store *f, struct store_sign_in *op)
{
	const struct fake_token *t = op->by_token ? token_by_hash(f, op->token_hash) : NULL;
	uint64_t no = op->by_token ? (t ? t->user_no : 0) : op->user_no;
	if (!no || no > f->n_users)
		return -ENOENT;
	tell_user(f, no, &op->user);
	op->token_kind = t ? t->kind : TOKEN_SESSION;
	for (uint64_t i = 1; i <= f->n_rooms; i++) {
		const struct fake_member *m = member_at(room_at(f, i), no);
		if (m)
			tell_membership(f, i, m, ADD_ROW(op->memberships, op->n_memberships));
	}
	return 0;
}

static int find_user(struct fake_store *f, struct store_user_by_name *op)
{
	uint64_t no = user_by_key(f, op->name_key);
	if (!no)
		return -ENOENT;
	tell_user(f, no, &op->user);
	const char *hash = f->users[no - 1].password_hash;
	op->password_hash = hash ? text_copy(hash, strlen(hash)) : NULL;
	return 0;
}

static int find_room(struct fake_store *f, struct store_room_find *op)
{
	uint64_t no = op->room_no;
	for (size_t i = 0; !no && op->by_id && i < f->n_rooms; i++)
		if (uid_equal(&f->rooms[i].id, &op->id))
			no = i + 1;
	if (!no && !op->by_id && op->name_key.s)
		no = room_by_key(f, op->name_key, 0);
	if (!room_at(f, no))
		return -ENOENT;
	tell_room(f, no, &op->room);
	return 0;
}

static int list_rooms(struct fake_store *f, struct store_room_page *op)
{
	for (uint64_t i = 1; i <= f->n_rooms; i++) {
		bool is_member = member_at(room_at(f, i), op->user_no) != NULL;
		if (!op->all && !is_member && room_at(f, i)->kind == ROOM_PRIVATE)
			continue;
		size_t n = op->n_rooms;
		*ADD_ROW(op->is_member, n) = is_member;
		tell_room(f, i, ADD_ROW(op->rooms, op->n_rooms));
	}
	return 0;
}

static int list_members(struct fake_store *f, struct store_member_page *op)
{
	const struct fake_room *r = room_at(f, op->room_no);
	for (size_t i = 0; r && i < r->n_members; i++) {
		size_t n = op->n_users;
		*ADD_ROW(op->roles, n) = r->members[i].role;
		tell_user(f, r->members[i].user_no, ADD_ROW(op->users, op->n_users));
	}
	return 0;
}

static int log_page(struct fake_store *f, struct store_log_page *op)
{
	const struct fake_room *r = room_at(f, op->room_no);
	assert(r);
	uint64_t first = op->after_seq + 1, end = r->n_log + 1; /* [first, end) */
	uint64_t bytes = 0, n = 0;
	size_t frames = 0;
	if (op->before_seq && op->before_seq < end)
		end = op->before_seq;
	uint64_t there = end > first ? end - first : 0;
	for (; n < there; n++) {
		uint64_t seq = op->newest ? end - 1 - n : first + n;
		if (seq >= f->damaged_from && seq <= f->damaged_to) {
			op->damaged_from = f->damaged_from > first ? f->damaged_from : first;
			op->damaged_to = f->damaged_to < end ? f->damaged_to : end - 1;
			if (n == 0)
				return -EBADMSG;
			break;
		}
		const struct event *e = r->log[seq - 1];
		bytes += e->frame_bytes - e->header_bytes;
		if ((op->limit && n == op->limit) || (op->limit_bytes && n && bytes > op->limit_bytes))
			break;
	}
	op->more = n < there;
	for (uint64_t i = 0; i < n; i++) {
		const struct event *e = r->log[(op->newest ? end - n : first) + i - 1];
		*ADD_ROW(op->events, op->n_events) = event_copy(e);
		frames += e->frame_bytes;
	}
	if (frames > f->largest_page_bytes)
		f->largest_page_bytes = frames;
	return 0;
}

int fake_store_execute(struct fake_store *f, struct store_op *op)
{
	void *all = op; /* every operation begins with its struct store_op */
	switch (op->kind) {
	case STORE_APPEND:
		return append(f, all);
	case STORE_JOIN:
		return join(f, all);
	case STORE_LEAVE:
		return leave(f, all);
	case STORE_ROOM_CREATE:
		return room_create(f, all);
	case STORE_ROOM_UPDATE:
		return room_update(f, all);
	case STORE_READ_MARK:
		return read_mark(f, all);
	case STORE_USER_CREATE:
		return user_create(f, all);
	case STORE_USER_SET:
		return user_set(f, all);
	case STORE_TOKEN_CREATE:
		return token_create(f, all);
	case STORE_TOKEN_DELETE:
		return token_delete(f, all);
	case STORE_SIGN_IN:
		return sign_in(f, all);
	case STORE_USER_BY_NAME:
		return find_user(f, all);
	case STORE_ROOM_FIND:
		return find_room(f, all);
	case STORE_ROOM_PAGE:
		return list_rooms(f, all);
	case STORE_MEMBER_PAGE:
		return list_members(f, all);
	case STORE_LOG_PAGE:
		return log_page(f, all);
	case STORE_BACKUP:
	case STORE_VERIFY:
	case STORE_PING:
		return 0;
	}
	return -EIO;
}
