/* What the fake store does to memberships. */
#include "fake_store_rows.h"

#include "store/person.h"

#include <errno.h>

static uint64_t joiner_of(const struct fake_store *f, const struct store_join *op)
{
	uint64_t no = op->user_no;
	for (size_t i = 0; !no && op->by_id && i < f->n_users; i++)
		if (uid_equal(&f->users[i].id, &op->user_id))
			no = i + 1;
	return no || op->by_id ? no : user_by_key(f, op->name_key);
}

int fake_store_join(struct fake_store *f, struct store_join *op)
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
		op->event = add_event(r, EVENT_MEMBER_JOINED, user_no, data.data, data.len);
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
	op->passed_event = add_event(r, EVENT_MEMBER_UPDATED, heir.no, data.data, data.len);
	store_user_finish(&heir);
}

int fake_store_leave(struct fake_store *f, struct store_leave *op)
{
	struct fake_room *r = room_at(f, op->room_no);
	struct fake_member *m = r ? member_at(r, op->user_no) : NULL;
	if (!m)
		return -ENOENT;
	bool was_owner = m->role == MEMBER_ROLE_OWNER;
	r->n_members--;
	memmove(m, m + 1, (size_t)(r->members + r->n_members - m) * sizeof(*m)); /* they stay in the order in which they came */
	op->event = add_event(r, EVENT_MEMBER_LEFT, op->user_no, op->data.data, op->data.len);
	if (was_owner && r->n_members > 0)
		pass_on(f, r, op);
	return 0;
}

static void end_member(struct fake_store *f, struct fake_room *r, uint64_t user_no, struct store_guests_end *op)
{
	auto_buf data = BUF_INIT;
	struct store_user user;
	tell_user(f, user_no, &user);
	person_encode_left(&data, &user.id, user.name, user.kind);
	struct store_ended *ended = ADD_ROW(op->ended, op->n_ended);
	*ended = (struct store_ended){.leave = {.room_no = (uint64_t)(r - f->rooms) + 1, .user_no = user_no, .data = data}};
	(void)fake_store_leave(f, &ended->leave);
	store_user_finish(&user);
}

int fake_store_guests_end(struct fake_store *f, struct store_guests_end *op)
{
	for (size_t i = 0; i < f->n_rooms * f->n_users; i++) {
		struct fake_room *r = &f->rooms[i / f->n_users];
		uint64_t user_no = i % f->n_users + 1;
		if (!f->users[user_no - 1].ended || !member_at(r, user_no))
			continue;
		op->more = op->n_ended == op->most;
		if (op->more)
			break;
		end_member(f, r, user_no, op);
	}
	return 0;
}
