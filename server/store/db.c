#include "store/db.h"

#include "base/memory.h"

#include <string.h>

bool db_column_uid(struct db_answer *answer, int column, struct uid *out)
{
	struct text bytes = db_column_bytes(answer, column);
	*out = (struct uid){0};
	if (!bytes.s || bytes.n != sizeof out->b)
		return false;
	memcpy(out->b, bytes.s, sizeof out->b);
	return true;
}

char *db_column_copy(struct db_answer *answer, int column)
{
	struct text bytes = db_column_bytes(answer, column);
	return bytes.s ? mem_strndup(bytes.s, bytes.n) : NULL;
}
