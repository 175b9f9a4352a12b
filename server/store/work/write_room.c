/* STORE_ROOM_CREATE and STORE_ROOM_UPDATE. */
#include "base/clock.h"
#include "base/memory.h"
#include "store/server_events.h"
#include "store/work/batch.h"
#include "store/work/rows.h"

#include <errno.h>

static const struct db_statement room_get = {.sql = "SELECT " ROOM_COLUMNS " FROM room r WHERE r.no = $1", .parameters = "n"};
/* A room other than $3 with the folded name $1 or the skeleton $5 of the name $2: public ones, and private ones that $4 is in. Nothing is alike where $3 has the name $2 already. */
#define ROOM_ALIKE(joined_room) \
	"SELECT 1 FROM room WHERE (name_key = $1 OR (name_key IS NOT NULL AND skeleton = $5)) AND no <> $3" \
	" AND NOT EXISTS (SELECT 1 FROM room WHERE no = $3 AND name = $2) UNION ALL " \
	"SELECT 1 FROM member m " joined_room " ON r.no = m.room_no WHERE m.user_no = $4 AND r.kind <> 0 AND r.no <> $3" \
	" AND (r.private_key = $1 OR r.skeleton = $5)" \
	" AND NOT EXISTS (SELECT 1 FROM room WHERE no = $3 AND name = $2) LIMIT 1"
static const struct db_statement room_alike = {
	.sql = ROOM_ALIKE("CROSS JOIN room r"), .postgres = ROOM_ALIKE("JOIN room r"), .parameters = "ttnnt"};
static const struct db_statement room_number = {.sql = "SELECT coalesce(max(no), 0) + 1 FROM room WHERE no < " SERVER_EVENTS_ROOM_NO_SQL,
						.postgres = "SELECT nextval('room_no')",
						.parameters = ""};
static const struct db_statement room_insert = {
	.sql = "INSERT INTO room (no, id, kind, name, name_key, topic, last_seq, n_messages, n_members, created_ms, skeleton, private_key)"
	       " VALUES ($1, $2, $3, $4, CASE WHEN $3 = 0 THEN $5 END, $6, 0, 0, 0, $7, $8, CASE WHEN $3 <> 0 THEN $5 END)",
	.parameters = "nbntttnt"};
static const struct db_statement room_set_name = {
	.sql = "UPDATE room SET name = $2, name_key = CASE WHEN kind = 0 THEN $3 END, private_key = CASE WHEN kind <> 0 THEN $3 END,"
	       " skeleton = CASE WHEN name = $2 THEN skeleton ELSE $4 END WHERE no = $1",
	.parameters = "nttt"};
static const struct db_statement room_set_topic = {.sql = "UPDATE room SET topic = $2 WHERE no = $1", .parameters = "nt"};

struct db_answer *batch_ask_room(struct batch *b, uint64_t room_no)
{
	return db_ask(b->db, &room_get, db_number(room_no));
}

void batch_count_room(const struct room_counters *room, struct store_room *out)
{
	out->last_seq = room->last_seq;
	out->n_messages = room->n_messages;
	out->n_members = room->n_members;
}

int batch_describe_room(struct db_answer *asked, const struct room_counters *room, struct store_room *out)
{
	int rc = db_row(asked);
	if (rc != DB_ROW)
		return rc == DB_DONE ? DB_DAMAGED : rc;
	if (!rows_room(asked, out))
		return DB_DAMAGED;
	/* The row may be behind what this transaction did to the room. */
	batch_count_room(room, out);
	return DB_OK;
}

/* What both ask: whether a room other than this one (0: none) has the name, or one that looks like it, as far as this user may know. */
enum { ALIKE, OWNER_CAN_BE, OWNER_ROOMS, ROOM_NUMBER };

static void ask_alike(struct batch *b, struct store_op *op, struct text name, struct text name_key, uint64_t room_no, uint64_t user_no)
{
	op->asked[ALIKE] = db_ask(b->db, &room_alike, db_text(name_key), db_text(name), db_number(room_no), db_number(user_no),
				  db_text(batch_skeleton(b, name)));
}

static bool name_is_stale(struct batch *b, struct text name, struct text name_key, uint64_t user_no)
{
	return b->db->looks_ahead &&
	       (batch_text_is_stale(b, KEY_ROOM_NAME, name_key) || batch_text_is_stale(b, KEY_ROOM_SKELETON, batch_skeleton(b, name)) ||
		batch_number_is_stale(b, KEY_PRIVATE_ROOMS, user_no));
}

static void wrote_name(struct batch *b, struct text name_key, struct text skeleton)
{
	batch_wrote_text(b, KEY_ROOM_NAME, name_key);
	batch_wrote_text(b, KEY_ROOM_SKELETON, skeleton);
}

void room_create_look(struct batch *b, struct store_room_create *op)
{
	struct db_answer **asked = op->op.asked;
	asked[OWNER_CAN_BE] = batch_ask_can_be(b, op->owner_no);
	if (op->name.s)
		ask_alike(b, &op->op, op->name, op->name_key, 0, op->owner_no);
	asked[OWNER_ROOMS] = batch_ask_most_rooms(b, op->owner_no, op->most_rooms);
	asked[ROOM_NUMBER] = db_ask_plain(b->db, &room_number);
}

/* Sets op->result when there is a reason against it; *no is the room's number. */
static int may_create(struct batch *b, struct store_room_create *op, uint64_t *no)
{
	struct db_answer **asked = op->op.asked;
	bool can, taken = false, has_most = false;
	if ((op->name.s && name_is_stale(b, op->name, op->name_key, op->owner_no)) || batch_number_is_stale(b, KEY_ACCOUNT, op->owner_no))
		return BATCH_LATER;
	int rc = batch_can_be(b, asked[OWNER_CAN_BE], &can);
	if (rc == DB_OK && asked[ALIKE])
		rc = batch_finds(asked[ALIKE], &taken);
	if (rc == DB_OK)
		rc = batch_has_most_rooms(b, asked[OWNER_ROOMS], op->owner_no, op->most_rooms, &has_most);
	if (rc != DB_OK)
		return rc;
	if (!can || taken || has_most) {
		op->op.result = !can ? -ENOENT : taken ? -EEXIST : -EDQUOT;
		return DB_OK;
	}
	rc = db_row(asked[ROOM_NUMBER]);
	*no = rc == DB_ROW ? db_column_number(asked[ROOM_NUMBER], 0) : 0;
	return rc == DB_ROW ? DB_OK : rc == DB_DONE ? DB_DAMAGED : rc;
}

static int insert_room(struct batch *b, const struct store_room_create *op, uint64_t no, int64_t at_ms)
{
	struct text skeleton = batch_skeleton(b, op->name), topic = op->topic.s ? op->topic : (struct text){.s = "", .n = 0};
	if (op->name.s)
		wrote_name(b, op->name_key, skeleton);
	return db_send(b->db, &room_insert, db_number(no), db_uid(&op->id), db_signed(op->kind), db_text(op->name), db_text(op->name_key),
		       db_text(topic), db_signed(at_ms), db_text(skeleton));
}

/* What is known of it without looking. */
static void describe_new(const struct store_room_create *op, const struct room_counters *room, int64_t at_ms, struct store_room *out)
{
	struct text topic = op->topic.s ? op->topic : (struct text){.s = "", .n = 0};
	*out = (struct store_room){.no = room->no,
				   .id = op->id,
				   .kind = op->kind,
				   .name = mem_strndup(op->name.s, op->name.n),
				   .topic = mem_strndup(topic.s, topic.n),
				   .created_ms = at_ms};
	batch_count_room(room, out);
}

int room_create_write(struct batch *b, struct store_room_create *op)
{
	op->events[0] = op->events[1] = NULL;
	op->membership = (struct store_membership){0};
	uint64_t no = 0;
	int rc = may_create(b, op, &no);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	enum member_role role = op->unowned ? MEMBER_ROLE_MEMBER : MEMBER_ROLE_OWNER;
	int64_t at_ms = clock_wall_ms();
	struct room_counters *room = NULL;
	rc = insert_room(b, op, no, at_ms);
	if (rc == DB_OK)
		rc = batch_new_room(b, no, &op->id, &room);
	if (rc != DB_OK)
		return rc;
	struct batch_event created = {EVENT_ROOM_CREATED, op->owner_no, 0, &op->created_data, at_ms};
	struct batch_event joined = {EVENT_MEMBER_JOINED, op->owner_no, 0, &op->joined_data, at_ms};
	rc = batch_add_event(b, room, &created, &op->events[0]);
	if (rc == DB_OK)
		rc = batch_add_event(b, room, &joined, &op->events[1]);
	if (b->met_damage)
		b->failed = (struct damage_place){.what = "the place of a new room's events"}; /* the room is not made */
	if (rc == DB_OK)
		rc = batch_add_member(b, room, op->kind, op->owner_no, role);
	if (rc != DB_OK)
		return rc;
	room->n_members = 1;
	op->membership.role = role;
	op->membership.read_seq = room->last_seq;
	op->membership.read_messages = room->n_messages;
	describe_new(op, room, at_ms, &op->membership.room);
	return DB_OK;
}

void room_update_look(struct batch *b, struct store_room_update *op)
{
	if (op->name.s)
		ask_alike(b, &op->op, op->name, op->name_key, op->room_no, op->user_no);
}

static int set_name(struct batch *b, const struct store_room_update *op)
{
	struct text skeleton = batch_skeleton(b, op->name);
	wrote_name(b, op->name_key, skeleton);
	return db_send(b->db, &room_set_name, db_number(op->room_no), db_text(op->name), db_text(op->name_key), db_text(skeleton));
}

int room_update_write(struct batch *b, struct store_room_update *op)
{
	op->event = NULL;
	struct room_counters *room;
	bool taken = false;
	if (batch_number_is_stale(b, KEY_ROOM, op->room_no) || (op->name.s && name_is_stale(b, op->name, op->name_key, op->user_no)))
		return BATCH_LATER;
	int rc = batch_room(b, &op->op, op->room_no, &room);
	if (rc != DB_OK || !room)
		return rc;
	if (op->op.asked[ALIKE])
		rc = batch_finds(op->op.asked[ALIKE], &taken);
	if (rc != DB_OK)
		return rc;
	if (taken) {
		op->op.result = -EEXIST;
		return DB_OK;
	}
	batch_wrote_number(b, KEY_ROOM, op->room_no);
	if (op->name.s)
		rc = set_name(b, op);
	if (rc == DB_OK && op->topic.s)
		rc = db_send(b->db, &room_set_topic, db_number(op->room_no), db_text(op->topic));
	if (rc != DB_OK)
		return rc;
	struct batch_event what = {EVENT_ROOM_UPDATED, 0, 0, &op->data, clock_wall_ms()};
	return batch_add_event(b, room, &what, &op->event);
}
