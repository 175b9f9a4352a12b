#include "store/sqlite/skeleton_sql.h"

#include "store/work/skeleton.h"

#include <stdlib.h>

static void skeleton(sqlite3_context *context, int n_values, sqlite3_value **values)
{
	struct text name = {.s = (const char *)sqlite3_value_text(values[0]), .n = (size_t)sqlite3_value_bytes(values[0])};
	if (n_values != 1 || !name.s)
		return; /* NULL of NULL */
	struct text out = skeleton_of(sqlite3_user_data(context), name);
	sqlite3_result_text(context, out.s, (int)out.n, free);
}

static void destroy(void *arg)
{
	skeletons_destroy(arg);
}

int skeleton_sql_register(sqlite3 *db)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	return sqlite3_create_function_v2(db, "skeleton", 1, flags, skeletons_new(), skeleton, NULL, NULL, destroy);
}
