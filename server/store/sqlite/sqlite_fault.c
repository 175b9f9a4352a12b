#include "store/sqlite/sqlite_fault.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool sqlite_fault_out_of_room(int system_errno)
{
	return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

enum sqlite_fault sqlite_fault_of(int rc, int system_errno)
{
	switch (rc) {
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC:
	case SQLITE_IOERR_CLOSE:
		return SQLITE_FAULT_GROUND_LOST;
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_TRUNCATE:
	case SQLITE_IOERR_SHMOPEN:
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMMAP:
		return sqlite_fault_out_of_room(system_errno) ? SQLITE_FAULT_NO_ROOM : SQLITE_FAULT_GROUND_LOST;
	default:
		break;
	}
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_BUSY: /* another program holds the file's lock; it will let go */
		return SQLITE_FAULT_NO_ROOM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_NOMEM:
		return SQLITE_FAULT_GROUND_LOST;
	default:
		return SQLITE_FAULT_OTHER;
	}
}

bool sqlite_fault_is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB || rc == SQLITE_IOERR_CORRUPTFS;
}

static void end(const char *during, int code, const char *reason) __attribute__((noreturn));

static void end(const char *during, int code, const char *reason)
{
	log_end();
	LOG_ERROR("store.lost", LOG_S("during", during), LOG_I("code", code), LOG_S("reason", reason),
		  LOG_S("consequence", "the process ends; what was acknowledged is on disk"));
	_exit(SQLITE_FAULT_EXIT_CODE);
}

void sqlite_fault_exit(struct sqlite_connection *c, int rc, const char *during)
{
	char buffer[300];
	/* A call on the file itself leaves no word with the connection. */
	end(during, rc, sqlite3_extended_errcode(c->db) == rc ? sqlite_connection_reason(c, buffer, sizeof buffer) : sqlite3_errstr(rc));
}

void sqlite_fault_exit_reason(int code, const char *reason, const char *during)
{
	end(during, code, reason);
}

void sqlite_fault_exit_errno(int system_errno, const char *during)
{
	end(during, system_errno, strerror(system_errno));
}
