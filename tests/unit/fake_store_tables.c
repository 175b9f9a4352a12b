/* The tables, and what each operation does to them. */
#include "fake_store_rows.h"

#include <errno.h>
#include <stdlib.h>

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
	op->event = add_event(r, op->type, op->author_no, op->data.data, op->data.len);
	struct fake_member *author = member_at(r, op->author_no);
	if (author && op->type == EVENT_MESSAGE_CREATED) {
		author->read_seq = op->event->seq;
		author->read_messages = op->event->n_messages;
	}
	op->room_of_first = r->id;
	op->id = op->event->id;
	op->seq = op->event->seq;
	op->timestamp_ms = op->event->timestamp_ms;
	if (op->has_client_id)
		*ADD_ROW(f->client_ids, f->n_client_ids) =
			(struct fake_client_id){.id = op->client_id, .author_no = op->author_no, .room_no = op->room_no, .seq = op->seq};
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
	op->events[0] = add_event(r, EVENT_ROOM_CREATED, op->owner_no, op->created_data.data, op->created_data.len);
	op->events[1] = add_event(r, EVENT_MEMBER_JOINED, op->owner_no, op->joined_data.data, op->joined_data.len);
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
	op->event = add_event(r, EVENT_ROOM_UPDATED, 0, op->data.data, op->data.len);
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
	op->user_no = no;
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
	f->users[user_no - 1].ended = f->users[user_no - 1].kind == USER_GUEST;
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

static int room_tops(struct fake_store *f, struct store_room_tops *op)
{
	for (size_t i = 0; i < op->n_rooms; i++) {
		const struct fake_room *r = room_at(f, op->rooms[i].room_no);
		op->rooms[i].top = r && r->n_log > op->rooms[i].last_seq ? r->n_log : 0;
	}
	return 0;
}

int fake_store_execute(struct fake_store *f, struct store_op *op)
{
	void *all = op; /* every operation begins with its struct store_op */
	switch (op->kind) {
	case STORE_APPEND:
		return append(f, all);
	case STORE_JOIN:
		return fake_store_join(f, all);
	case STORE_LEAVE:
		return fake_store_leave(f, all);
	case STORE_GUESTS_END:
		return fake_store_guests_end(f, all);
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
	case STORE_ROOM_TOPS:
		return room_tops(f, all);
	case STORE_BACKUP:
	case STORE_VERIFY:
	case STORE_PING:
		return 0;
	}
	return -EIO;
}
