#include "store/work/store_reader.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

int store_reader_met_damage(struct store_reader *r, const struct damage_place *place)
{
	damage_note(r->damage, place);
	return -EBADMSG;
}

int store_reader_failed(struct store_reader *r, int result, const char *during)
{
	char reason[300], what[340];
	if (store_reader_is_damage(result)) {
		snprintf(what, sizeof what, "%s: %s", during,
			 result == DB_DAMAGED ? db_reason(r->db, reason, sizeof reason) : "a row that cannot be what was written");
		return store_reader_met_damage(r, &(struct damage_place){.what = what});
	}
	if (result == DB_GROUND_LOST)
		r->driver->methods->lost(r->driver, r->db, during);
	if (result == READ_NO_MEMBER)
		return -EACCES;
	if (result == DB_AWAY)
		return -ENOTCONN; /* the driver tells of it, once for all */
	LOG_ERROR("store.read_failed", LOG_S("during", during), LOG_S("reason", db_reason(r->db, reason, sizeof reason)));
	return result == DB_LOST_RACE ? -ENOTCONN : -EIO; /* somebody has the table: as when it is away, it can be read again later */
}

static const struct db_statement member_get = {.sql = "SELECT 1 FROM member WHERE user_no = $1 AND room_no = $2", .parameters = "nn"};

struct db_answer *store_reader_ask_member(struct store_reader *r, uint64_t user_no, uint64_t room_no)
{
	return user_no != 0 ? db_ask(r->db, &member_get, db_number(user_no), db_number(room_no)) : NULL;
}

int store_reader_check_member(struct db_answer *asked)
{
	int result = asked ? db_row(asked) : DB_ROW;
	return result == DB_ROW ? DB_OK : result == DB_DONE ? READ_NO_MEMBER : result;
}

static bool is_current(const struct store_reader *r)
{
	const struct store_driver_methods *methods = r->driver->methods;
	return !methods->is_current || methods->is_current(r->driver, r->db);
}

bool store_reader_is_usable(struct store_reader *r, bool again)
{
	if (!is_current(r) && (again || !r->is_away))
		(void)!r->driver->methods->reconnect(r->driver, r->db); /* what came of it is asked below */
	bool is_usable = is_current(r);
	r->is_away = !is_usable;
	return is_usable;
}

static int apply(struct store_reader *r, struct store_op *op)
{
#define RUN_WRITE(noun) break
#define RUN_READ(noun) return read_##noun(r, list_entry(op, struct store_##noun, op))
#define RUN_SLOW_READ(noun) RUN_READ(noun)
#define X(KIND, noun, how, owns, room) \
	case STORE_##KIND: \
		RUN_##how(noun);
	switch (op->kind) {
		STORE_OP_TABLE(X)
	}
#undef X
	assert(false && "a write among the reads");
	return -EINVAL;
}

int store_reader_apply(struct store_reader *r, struct store_op *op)
{
	int result = store_reader_is_usable(r, false) ? apply(r, op) : -ENOTCONN;
	/* It met a connection that was lost since the last read: to read again does no harm. */
	if (result == -ENOTCONN && !r->is_away && store_reader_is_usable(r, false)) {
		store_op_finish(op);
		result = apply(r, op);
	}
	if (result == -ENOTCONN && r->driver->methods->away)
		r->driver->methods->away(r->driver);
	return result;
}
