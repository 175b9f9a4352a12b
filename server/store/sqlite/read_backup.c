/* STORE_BACKUP: a compact copy of one moment, made while writing goes on (sqlite_copy.h). Taken into use by putting it in an empty
 * data directory as parley.db; the server then gives it a new epoch (sqlite_schema.h). */
#include "base/memory.h"
#include "store/sqlite/db_sqlite.h"
#include "store/sqlite/sqlite_copy.h"
#include "store/sqlite/sqlite_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES = 300 };
static_assert(SHOWN_BYTES + 200 <= sizeof((struct store_backup *)0)->fault, "a path, a reason and words");

/* In a fault, which has room for so much; a cut could fall within a character. */
static const char *shown(const char *path)
{
	return strlen(path) <= SHOWN_BYTES ? path : "this path";
}

int sqlite_reader_backup(struct db *db, struct store_backup *op)
{
	op->fault[0] = '\0';
	auto_free char *path = mem_strndup(op->path.s, op->path.n);
	if (path[0] != '/') {
		snprintf(op->fault, sizeof op->fault, "data.path: must be absolute: %s", shown(path));
		return -EINVAL;
	}
	int failed = sqlite_copy_claim(path);
	if (failed != 0) {
		snprintf(op->fault, sizeof op->fault, "data.path: %s cannot be made: %s", shown(path), strerror(-failed));
		return failed;
	}
	char reason[160];
	failed = sqlite_copy_fill(&db_sqlite_of(db)->connection, path, reason, sizeof reason);
	if (failed != 0)
		snprintf(op->fault, sizeof op->fault, "the copy to %s failed: %s", shown(path), reason);
	return failed;
}
