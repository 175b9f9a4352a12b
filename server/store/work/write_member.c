/* STORE_JOIN, STORE_LEAVE and STORE_READ_MARK. */
#include "base/clock.h"
#include "store/person.h"
#include "store/work/batch.h"
#include "store/work/rows.h"

#include <errno.h>

/* Where others write too, the account is locked: its last token does not go, and it enters no other room, before the transaction ends. By its number it is locked already
 * (batch_lock_accounts()). */
static const struct db_statement user_by_no = {.sql = "SELECT " USER_COLUMNS " FROM account u WHERE u.no = $1", .parameters = "n"};
static const struct db_statement user_by_id = {.sql = "SELECT " USER_COLUMNS " FROM account u WHERE u.id = $1",
					       .postgres = "SELECT " USER_COLUMNS " FROM account u WHERE u.id = $1 FOR UPDATE",
					       .parameters = "b"};
#define USER_BY_KEY "SELECT " USER_COLUMNS " FROM account u WHERE u.name_key = $1 AND " ACCOUNT_IS_NAMED("u.kind")
static const struct db_statement user_by_key = {.sql = USER_BY_KEY, .postgres = USER_BY_KEY " FOR UPDATE", .parameters = "t"};
static const struct db_statement user_can_be = {.sql = "SELECT 1 FROM account u WHERE u.no = $1 AND (" ACCOUNT_IS_NAMED(
							"u.kind") " OR EXISTS (SELECT 1 FROM token t WHERE t.user_no = u.no))",
						.parameters = "n"};
static const struct db_statement member_get = {
	.sql = "SELECT role, read_seq, read_messages FROM member WHERE user_no = $1 AND room_no = $2", .parameters = "nn"};
static const struct db_statement member_count = {
	.sql = "SELECT count(*) FROM (SELECT 1 FROM member WHERE user_no = $1 LIMIT $2) AS counted", .parameters = "nn"};
static const struct db_statement member_insert = {
	.sql = "INSERT INTO member (user_no, room_no, role, read_seq, read_messages, joined_seq) VALUES ($1, $2, $3, $4, $5, $4)",
	.parameters = "nnnnn"};
static const struct db_statement member_delete = {.sql = "DELETE FROM member WHERE user_no = $1 AND room_no = $2", .parameters = "nn"};
static const struct db_statement member_set_role = {.sql = "UPDATE member SET role = $3 WHERE user_no = $1 AND room_no = $2",
						    .parameters = "nnn"};
/* Of those who are left when $2 has gone, and only if none of them owns the room. */
#define HEIR_CONDITIONS(members) \
	" WHERE m.room_no = $1 AND m.user_no <> $2 AND m.ended IS NULL AND NOT EXISTS (SELECT 1 FROM member o" members \
	" WHERE o.room_no = $1 AND o.user_no <> $2 AND o.role = 1) ORDER BY u.kind, m.joined_seq LIMIT 1"
static const struct db_statement member_heir = {
	.sql = "SELECT " USER_COLUMNS
	       " FROM member m INDEXED BY member_by_room JOIN account u ON u.no = m.user_no" HEIR_CONDITIONS(" INDEXED BY member_by_room"),
	.postgres = "SELECT " USER_COLUMNS " FROM member m JOIN account u ON u.no = m.user_no" HEIR_CONDITIONS(""),
	.parameters = "nn"};

struct member_row {
	bool found;
	enum member_role role;
	uint64_t read_seq, read_messages;
};

static struct db_answer *ask_member(struct batch *b, uint64_t user_no, uint64_t room_no)
{
	return db_ask(b->db, &member_get, db_number(user_no), db_number(room_no));
}

static int find_member(struct batch *b, struct db_answer *asked, uint64_t user_no, uint64_t room_no, struct member_row *out)
{
	*out = (struct member_row){0};
	const uint64_t key[] = {user_no, room_no};
	if (batch_is_stale(b, KEY_MEMBER, key, sizeof key))
		return BATCH_LATER;
	int rc = batch_own(b, batch_finds(asked, &out->found), "memberships");
	if (!out->found)
		return rc;
	out->role = (enum member_role)db_column_signed(asked, 0);
	out->read_seq = db_column_number(asked, 1);
	out->read_messages = db_column_number(asked, 2);
	const struct read_mark *moved = read_marks_find(&b->marks, user_no, room_no);
	if (moved && moved->seq > out->read_seq) {
		out->read_seq = moved->seq;
		out->read_messages = moved->n_messages;
	}
	return DB_OK;
}

int batch_is_member(struct batch *b, uint64_t user_no, uint64_t room_no, bool *is, enum member_role *role)
{
	auto_answer *asked = ask_member(b, user_no, room_no);
	int rc = batch_own(b, batch_finds(asked, is), "memberships");
	if (*is && !rows_member_role(asked, 0, role))
		rc = batch_own(b, DB_DAMAGED, "memberships");
	return rc;
}

struct db_answer *batch_ask_can_be(struct batch *b, uint64_t user_no)
{
	return db_ask(b->db, &user_can_be, db_number(user_no));
}

int batch_can_be(struct batch *b, struct db_answer *asked, bool *can)
{
	return batch_own(b, batch_finds(asked, can), "accounts");
}

struct db_answer *batch_ask_most_rooms(struct batch *b, uint64_t user_no, uint64_t most)
{
	return most != 0 ? db_ask(b->db, &member_count, db_number(user_no), db_number(most)) : NULL;
}

/* What earlier operations of the batch did to the number counts only near the limit. */
int batch_has_most_rooms(struct batch *b, struct db_answer *asked, uint64_t user_no, uint64_t most, bool *has)
{
	*has = false;
	if (most == 0)
		return DB_OK;
	int rc = db_row(asked);
	if (rc < 0)
		return batch_own(b, rc, "memberships");
	uint64_t n = rc == DB_ROW ? db_column_number(asked, 0) : 0;
	*has = n >= most;
	return n + BATCH_MAX >= most && batch_number_is_stale(b, KEY_MEMBERSHIPS, user_no) ? BATCH_LATER : DB_OK;
}

/* is_private: or it is not known. */
static void wrote_membership(struct batch *b, uint64_t user_no, uint64_t room_no, bool is_private)
{
	const uint64_t key[] = {user_no, room_no};
	batch_wrote(b, KEY_MEMBER, key, sizeof key);
	batch_wrote_number(b, KEY_MEMBERSHIPS, user_no);
	batch_wrote_number(b, KEY_MEMBERS, room_no);
	if (is_private)
		batch_wrote_number(b, KEY_PRIVATE_ROOMS, user_no);
}

int batch_add_member(struct batch *b, const struct room_counters *room, enum room_kind kind, uint64_t user_no, enum member_role role)
{
	wrote_membership(b, user_no, room->no, kind != ROOM_PUBLIC);
	return batch_own(b,
			 db_send(b->db, &member_insert, db_number(user_no), db_number(room->no), db_signed(role), db_number(room->last_seq),
				 db_number(room->n_messages)),
			 "memberships");
}

/* What a join asks: what follows JOINER needs the user's number, and is asked while writing where only that tells it. */
enum { JOINER, JOINED_ROOM, CAN_BE, JOINER_MEMBER, JOINER_ROOMS };

static void ask_of_joiner(struct batch *b, struct store_join *op, uint64_t user_no)
{
	struct db_answer **asked = op->op.asked;
	asked[CAN_BE] = batch_ask_can_be(b, user_no);
	asked[JOINER_MEMBER] = ask_member(b, user_no, op->room_no);
	asked[JOINER_ROOMS] = batch_ask_most_rooms(b, user_no, op->most_rooms);
}

void join_look(struct batch *b, struct store_join *op)
{
	struct db_answer **asked = op->op.asked;
	asked[JOINER] = op->user_no != 0 ? db_ask(b->db, &user_by_no, db_number(op->user_no))
			: op->by_id      ? db_ask(b->db, &user_by_id, db_uid(&op->user_id))
					 : db_ask(b->db, &user_by_key, db_text(op->name_key));
	asked[JOINED_ROOM] = batch_ask_room(b, op->room_no);
	if (op->user_no != 0)
		ask_of_joiner(b, op, op->user_no);
}

static bool join_is_stale(struct batch *b, const struct store_join *op)
{
	return batch_number_is_stale(b, KEY_ROOM, op->room_no) ||
	       (op->user_no == 0 && op->by_id && batch_is_stale(b, KEY_USER_ID, op->user_id.b, sizeof op->user_id.b)) ||
	       (op->user_no == 0 && !op->by_id && batch_text_is_stale(b, KEY_NAME, op->name_key));
}

/* Whom a join is about; op->user.no 0: nobody. */
static int find_joiner(struct store_join *op)
{
	bool found;
	int rc = batch_finds(op->op.asked[JOINER], &found);
	return rc == DB_OK && found && !rows_user(op->op.asked[JOINER], &op->user) ? DB_DAMAGED : rc;
}

/* Whether the joiner is a member already, or can become one; else op->result is set. */
static int look_at_joiner(struct batch *b, struct store_join *op, struct member_row *member)
{
	bool can = false, has_most = false;
	struct db_answer **asked = op->op.asked;
	int rc = batch_own(b, find_joiner(op), "accounts");
	if (rc == DB_OK && batch_number_is_stale(b, KEY_ACCOUNT, op->user.no))
		rc = BATCH_LATER;
	if (rc == DB_OK && !asked[CAN_BE])
		ask_of_joiner(b, op, op->user.no);
	if (rc == DB_OK)
		rc = batch_can_be(b, asked[CAN_BE], &can);
	if (rc == DB_OK && can)
		rc = find_member(b, asked[JOINER_MEMBER], op->user.no, op->room_no, member);
	if (rc == DB_OK && can && !member->found)
		rc = batch_has_most_rooms(b, asked[JOINER_ROOMS], op->user.no, op->most_rooms, &has_most);
	if (rc != DB_OK)
		return rc;
	if (!can)
		op->op.result = -ENOENT;
	else if (has_most)
		op->op.result = -EDQUOT;
	return DB_OK;
}

static int enter(struct batch *b, struct room_counters *room, struct store_join *op)
{
	auto_buf data = BUF_INIT;
	person_encode_member(&data, &op->user, op->role, op->by);
	struct batch_event what = {EVENT_MEMBER_JOINED, op->user.no, 0, &data, clock_wall_ms()};
	int rc = batch_add_event(b, room, &what, &op->event);
	if (rc == DB_OK)
		rc = batch_add_member(b, room, op->membership.room.kind, op->user.no, op->role);
	if (rc != DB_OK)
		return rc;
	room->n_members++;
	op->membership.role = op->role;
	op->membership.read_seq = room->last_seq;
	op->membership.read_messages = room->n_messages;
	return DB_OK;
}

int join_write(struct batch *b, struct store_join *op)
{
	op->event = NULL;
	op->user = (struct store_user){0};
	op->membership = (struct store_membership){0};
	struct room_counters *room;
	struct member_row member = {0};
	if (join_is_stale(b, op))
		return BATCH_LATER;
	int rc = batch_room(b, &op->op, op->room_no, &room);
	if (rc == DB_OK && room)
		rc = look_at_joiner(b, op, &member);
	if (rc == DB_OK && room && op->op.result == 0)
		rc = batch_describe_room(op->op.asked[JOINED_ROOM], room, &op->membership.room);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	if (member.found) {
		op->membership.role = member.role;
		op->membership.read_seq = member.read_seq;
		op->membership.read_messages = member.read_messages;
		return DB_OK;
	}
	rc = enter(b, room, op);
	batch_count_room(room, &op->membership.room);
	return rc;
}

/* The room and the user's membership of it. *room NULL with op->result set: there is none, or no such room, or its log is damaged. */
static int find_membership(struct batch *b, struct store_op *op, struct db_answer *asked, uint64_t room_no, uint64_t user_no,
			   struct room_counters **room, struct member_row *member)
{
	int rc = batch_room(b, op, room_no, room);
	if (rc != DB_OK || !*room)
		return rc;
	rc = find_member(b, asked, user_no, room_no, member);
	if (rc == DB_OK && !member->found) {
		op->result = -ENOENT;
		*room = NULL;
	}
	return rc;
}

static int make_owner(struct batch *b, struct room_counters *room, const struct store_user *heir, struct event **event)
{
	auto_buf data = BUF_INIT;
	int rc = batch_own(b, db_send(b->db, &member_set_role, db_number(heir->no), db_number(room->no), db_signed(MEMBER_ROLE_OWNER)),
			   "memberships");
	if (rc != DB_OK)
		return rc;
	wrote_membership(b, heir->no, room->no, false);
	person_encode_member(&data, heir, MEMBER_ROLE_OWNER, (struct text){0});
	struct batch_event what = {EVENT_MEMBER_UPDATED, heir->no, 0, &data, clock_wall_ms()};
	return batch_add_event(b, room, &what, event);
}

struct db_answer *batch_ask_heir(struct batch *b, uint64_t room_no, uint64_t leaver_no)
{
	return db_ask(b->db, &member_heir, db_number(room_no), db_number(leaver_no));
}

int batch_find_heir(struct batch *b, struct db_answer *asked, enum member_role role, struct store_user *heir)
{
	bool found;
	*heir = (struct store_user){0};
	if (role != MEMBER_ROLE_OWNER)
		return DB_OK;
	int rc = batch_finds(asked, &found);
	return batch_own(b, rc == DB_OK && found && !rows_user(asked, heir) ? DB_DAMAGED : rc, "memberships");
}

int batch_end_membership(struct batch *b, struct room_counters *room, const struct store_user *heir, struct store_leave *op)
{
	struct batch_event what = {EVENT_MEMBER_LEFT, op->user_no, 0, &op->data, clock_wall_ms()};
	int rc = batch_add_event(b, room, &what, &op->event);
	if (rc != DB_OK)
		return rc;
	room->n_members--;
	wrote_membership(b, op->user_no, op->room_no, true);
	rc = batch_own(b, db_send(b->db, &member_delete, db_number(op->user_no), db_number(op->room_no)), "memberships");
	if (rc == DB_OK)
		rc = batch_lose_subscribed_room(b, op->user_no, op->room_no);
	return rc == DB_OK && heir->no != 0 ? make_owner(b, room, heir, &op->passed_event) : rc;
}

/* What a leave asks. */
enum { LEAVER, HEIR };

void leave_look(struct batch *b, struct store_leave *op)
{
	op->op.asked[LEAVER] = ask_member(b, op->user_no, op->room_no);
	op->op.asked[HEIR] = batch_ask_heir(b, op->room_no, op->user_no);
}

int leave_write(struct batch *b, struct store_leave *op)
{
	op->event = op->passed_event = NULL;
	struct room_counters *room;
	struct store_user heir = {0};
	struct member_row member = {0};
	if (batch_number_is_stale(b, KEY_MEMBERS, op->room_no))
		return BATCH_LATER;
	int rc = find_membership(b, &op->op, op->op.asked[LEAVER], op->room_no, op->user_no, &room, &member);
	if (rc != DB_OK || !room)
		return rc;
	rc = batch_find_heir(b, op->op.asked[HEIR], member.role, &heir);
	if (rc == DB_OK && batch_number_is_stale(b, KEY_ACCOUNT, heir.no))
		rc = BATCH_LATER; /* a guest may have ended */
	if (rc == DB_OK)
		rc = batch_end_membership(b, room, &heir, op);
	store_user_finish(&heir);
	return rc;
}

/* What a read mark asks. */
enum { READER, READ_TO };

void read_mark_look(struct batch *b, struct store_read_mark *op)
{
	op->op.asked[READER] = ask_member(b, op->user_no, op->room_no);
	op->op.asked[READ_TO] = batch_ask_event(b, op->room_no, op->seq);
}

int read_mark_write(struct batch *b, struct store_read_mark *op)
{
	struct room_counters *room;
	struct member_row member = {0};
	int rc = find_membership(b, &op->op, op->op.asked[READER], op->room_no, op->user_no, &room, &member);
	if (rc != DB_OK || !room)
		return rc;
	uint64_t seq = op->seq < room->last_seq ? op->seq : room->last_seq;
	op->room = room->id;
	op->last_seq = room->last_seq;
	op->read_seq = member.read_seq;
	op->read_messages = member.read_messages;
	if (seq <= member.read_seq)
		return DB_OK;
	/* How many messages the room had at this seq. */
	struct event_row row = {.n_messages = room->n_messages};
	if (seq != room->last_seq && batch_event_is_new(b, room, seq))
		return BATCH_LATER;
	if (seq != room->last_seq)
		rc = batch_event_at(b, &op->op, room, seq, op->op.asked[READ_TO], &row);
	op->read_messages = row.n_messages;
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	op->read_seq = seq;
	if (!read_marks_move(&b->marks, &(struct read_mark){op->user_no, op->room_no, seq, op->read_messages}))
		op->op.result = -EBADMSG;
	return DB_OK;
}
