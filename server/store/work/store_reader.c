#include "store/work/store_reader.h"

#include "store/sqlite/sqlite_fault.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#define OP_OF(type, o) list_entry((o), type, op)

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
	switch (op->kind) {
	case STORE_SIGN_IN:
		return read_sign_in(r, OP_OF(struct store_sign_in, op));
	case STORE_USER_BY_NAME:
		return read_user_by_name(r, OP_OF(struct store_user_by_name, op));
	case STORE_ROOM_FIND:
		return read_room_find(r, OP_OF(struct store_room_find, op));
	case STORE_ROOM_PAGE:
		return read_room_page(r, OP_OF(struct store_room_page, op));
	case STORE_MEMBER_PAGE:
		return read_member_page(r, OP_OF(struct store_member_page, op));
	case STORE_LOG_PAGE:
		return read_log_page(r, OP_OF(struct store_log_page, op));
	case STORE_BACKUP:
		return read_backup(r, OP_OF(struct store_backup, op));
	case STORE_VERIFY:
		return read_verify(r, OP_OF(struct store_verify, op));
	case STORE_APPEND:
	case STORE_JOIN:
	case STORE_LEAVE:
	case STORE_GUESTS_END:
	case STORE_ROOM_CREATE:
	case STORE_ROOM_UPDATE:
	case STORE_READ_MARK:
	case STORE_USER_CREATE:
	case STORE_USER_SET:
	case STORE_TOKEN_CREATE:
	case STORE_TOKEN_DELETE:
	case STORE_PING:
		break;
	}
	assert(false && "a write among the reads");
	return -EINVAL;
}
