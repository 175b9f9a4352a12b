#include "store/sqlite/sqlite_reader.h"

#include "store/work/store_reader.h"

#include <string.h>

/* The file, page by page. */
int sqlite_reader_check_ground(struct db *db, struct store_verify *op)
{
	static const struct db_statement integrity_check = {.sql = "PRAGMA integrity_check(100)", .parameters = ""};
	int result;
	auto_answer *faults = db_ask_plain(db, &integrity_check);
	while ((result = db_row(faults)) == DB_ROW) {
		struct text fault = db_column_bytes(faults, 0);
		if (fault.s && (fault.n != 2 || memcmp(fault.s, "ok", 2) != 0))
			read_verify_report(op, "the file: %.*s", (int)fault.n, fault.s);
	}
	return result == DB_DONE ? DB_OK : result;
}
