#include "store/work/store_reader.h"

#include "store/sqlite/sqlite_fault.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

int store_reader_met_damage(struct store_reader *r, const struct damage_place *place)
{
	damage_note(r->damage, place);
	return -EBADMSG;
}

int store_reader_failed(struct store_reader *r, int rc, const char *during)
{
	if (!sqlite_fault_is_damage(rc))
		return sqlite_fault_of_read(r->connection, rc, during);
	char reason[200], what[240];
	bool by_sqlite = sqlite3_extended_errcode(r->connection->db) == rc;
	snprintf(what, sizeof what, "%s: %s", during,
		 by_sqlite ? sqlite_connection_reason(r->connection, reason, sizeof reason) : "a row that cannot be what was written");
	return store_reader_met_damage(r, &(struct damage_place){.what = what});
}

int store_reader_apply(struct store_reader *r, struct store_op *op)
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
