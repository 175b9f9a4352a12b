/*
 * Everything that people can do and that the other chat of a pair has to follow, with what both chats must then know and have heard.
 */
#ifndef PARLEY_TESTS_CHAT_PAIR_ACT_H
#define PARLEY_TESTS_CHAT_PAIR_ACT_H

#include "chat_pair.h"

#include "chat/guests_end.h"
#include "chat/user_refresh.h"
#include "room/room.h"

static inline const char *who_text(int who)
{
	static const char *const names[] = {"ann", "bob", "cy", "gus"};
	return names[who];
}

/* All that a chat knows of this user, rooms in the order of their numbers. */
static inline void describe(struct chat *c, uint64_t no, struct buf *out)
{
	struct user *u = user_by_no(c, no);
	assert_non_null(u);
	buf_appendf(out, "role %d\n", (int)u->role);
	for (uint64_t room_no = 1; room_no < 20; room_no++) {
		list_for_each(it, &u->members) {
			const struct member *m = list_entry(it, struct member, in_user);
			const struct room *r = m->room;
			if (r->no != room_no)
				continue;
			buf_appendf(out, "%s (%s): last %llu, %llu messages, %llu members; role %d, read %llu (%llu), unread %llu\n",
				    r->name, r->topic, (unsigned long long)r->feed.last_seq, (unsigned long long)r->n_messages,
				    (unsigned long long)r->n_members, (int)m->role, (unsigned long long)m->read_seq,
				    (unsigned long long)m->read_messages, (unsigned long long)member_unread(m));
		}
	}
	buf_append_byte(out, 0);
}

/* The same from the store, in the same words. */
static inline void describe_stored(struct chat_pair *p, uint64_t no, struct buf *out)
{
	struct store_sign_in op = {.user_no = no};
	assert_int_equal(store_fixture_do(p->f, &op.op, STORE_SIGN_IN), 0);
	buf_appendf(out, "role %d\n", (int)op.user.role);
	for (uint64_t room_no = 1; room_no < 20; room_no++) {
		for (size_t i = 0; i < op.n_memberships; i++) {
			const struct store_membership *m = &op.memberships[i];
			const struct store_room *r = &m->room;
			if (r->no != room_no)
				continue;
			buf_appendf(out, "%s (%s): last %llu, %llu messages, %llu members; role %d, read %llu (%llu), unread %llu\n",
				    r->name, r->topic, (unsigned long long)r->last_seq, (unsigned long long)r->n_messages,
				    (unsigned long long)r->n_members, (int)m->role, (unsigned long long)m->read_seq,
				    (unsigned long long)m->read_messages, (unsigned long long)(r->n_messages - m->read_messages));
		}
	}
	buf_append_byte(out, 0);
	store_sign_in_finish(&op);
}

static inline void assert_same_memory(struct chat_pair *p)
{
	for (int i = 0; i < PAIR_PEOPLE; i++) {
		auto_buf here = BUF_INIT, there = BUF_INIT, stored = BUF_INIT;
		describe_stored(p, p->no[i], &stored);
		describe(p->here, p->no[i], &here);
		describe(p->there, p->no[i], &there);
		assert_string_equal((char *)here.data, (char *)stored.data);
		assert_string_equal((char *)there.data, (char *)stored.data);
	}
}

/* What a client heard of rooms and of itself, in order; with `numbers`, also what the personal events say. */
static inline void describe_heard(const struct conn *c, struct buf *out)
{
	size_t at;
	json_t *j;
	json_array_foreach(c->heard, at, j) {
		const char *type = json_string_value(json_object_get(j, "type"));
		if (!json_object_get(j, "room") || json_object_get(j, "ref"))
			continue;
		char *data = json_dumps(json_object_get(j, "data"), JSON_COMPACT | JSON_SORT_KEYS);
		buf_appendf(out, "%s %s %lld %s\n", json_string_value(json_object_get(j, "room")), type,
			    (long long)json_integer_value(json_object_get(j, "seq")), data);
		free(data);
	}
	if (c->is_closing)
		buf_appendf(out, "closed: %d\n", (int)c->reason);
	buf_append_byte(out, 0);
}

static inline void assert_heard_the_same(const struct chat_pair *p)
{
	for (int i = 0; i < PAIR_PEOPLE; i++) {
		auto_buf here = BUF_INIT, there = BUF_INIT;
		describe_heard(p->watchers[i], &here);
		describe_heard(p->remote[i], &there);
		if (strcmp((char *)here.data, (char *)there.data) != 0)
			print_error("%s heard here:\n%s\nand there:\n%s\n", who_text(i), here.data, there.data);
		assert_string_equal((char *)there.data, (char *)here.data);
	}
}

/* Holds for any order of arrival: the events of each room follow each other without a hole from where the client was told of it, and it is closed as here. */
static inline void assert_heard_whole(const struct chat_pair *p)
{
	for (int i = 0; i < PAIR_PEOPLE; i++) {
		const struct conn *c = p->remote[i];
		for (size_t from = 0; from < json_array_size(c->heard); from++) {
			const json_t *first = json_array_get(c->heard, from), *room = json_object_get(first, "room");
			json_int_t last = json_integer_value(json_object_get(first, "seq"));
			if (!last)
				continue;
			for (size_t at = from + 1; at < json_array_size(c->heard); at++) {
				const json_t *j = json_array_get(c->heard, at), *seq = json_object_get(j, "seq");
				if (!json_equal(json_object_get(j, "room"), room))
					continue;
				const char *type = json_string_value(json_object_get(j, "type"));
				if (strcmp(type, "room.added") == 0)
					break;
				if (seq)
					assert_int_equal(json_integer_value(seq), ++last);
			}
		}
		assert_int_equal(c->is_closing, p->watchers[i]->is_closing);
		assert_int_equal(c->reason, p->watchers[i]->reason);
	}
}

static inline void end_guests(struct chat_pair *p)
{
	p->here->guests_end_ms = 0;
	guests_end_step(p->here);
	pair_settle(p);
}

/* Everything that a person can do and that the memory of others has to follow; `step`: runs after each. */
static inline void act(struct chat_pair *p, void (*step)(struct chat_pair *p))
{
	const struct {
		struct conn *who;
		const char *what;
	} acts[] = {{p->actors[ANN], "{\"type\":\"room.create\",\"data\":{\"name\":\"lab\",\"kind\":\"private\"}}"},
		    {p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"lab\",\"text\":\"nobody here\"}}"},
		    {p->actors[ANN], "{\"type\":\"member.add\",\"data\":{\"room\":\"lab\",\"user\":\"bob\"}}"},
		    {p->actors[CY], "{\"type\":\"room.join\",\"data\":{\"room\":\"hall\"}}"},
		    {p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"one\"}}"},
		    {p->actors[BOB], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"two\",\"reply_to\":6}}"},
		    {p->actors[CY], "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":6}}"},
		    {p->actors[ANN],
		     "{\"type\":\"room.update\",\"data\":{\"room\":\"hall\",\"name\":\"great hall\",\"topic\":\"of \\\"us\\\"\"}}"},
		    {p->actors[ANN], "{\"type\":\"room.leave\",\"data\":{\"room\":\"great hall\"}}"}, /* and bob owns it */
		    {p->actors[CY], "{\"type\":\"room.leave\",\"data\":{\"room\":\"great hall\"}}"},
		    {p->actors[CY], "{\"type\":\"room.join\",\"data\":{\"room\":\"great hall\"}}"},
		    {p->actors[BOB], "{\"type\":\"message.send\",\"data\":{\"room\":\"great hall\",\"text\":\"three\"}}"},
		    {p->operator, "{\"type\":\"admin.owner\",\"data\":{\"name\":\"cy\"}}" },
		     {
			     p->operator,
			     "{\"type\":\"admin.password\",\"data\":{\"name\":\"cy\",\"password\":\"another one\"}}" },
			     {p->actors[GUS], "{\"type\":\"account.logout\",\"data\":{}}"},
			     {p->actors[BOB], "{\"type\":\"account.logout\",\"data\":{\"everywhere\":true}}"},
		    };
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		pair_ask(p, acts[i].who, acts[i].what);
		step(p);
	}
	end_guests(p);
	step(p);
}

static inline void later(struct chat_pair *p)
{
	(void)p;
}

#endif
