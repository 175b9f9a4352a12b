#include "store/skeleton.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <unicode/uspoof.h>

struct skeletons {
	USpoofChecker *checker;
};

static void skeleton(sqlite3_context *context, int n_values, sqlite3_value **values)
{
	const char *name = (const char *)sqlite3_value_text(values[0]);
	int32_t n = sqlite3_value_bytes(values[0]);
	if (n_values != 1 || !name)
		return; /* NULL of NULL */
	const struct skeletons *s = sqlite3_user_data(context);
	UErrorCode error = U_ZERO_ERROR;
	int32_t wanted = uspoof_getSkeletonUTF8(s->checker, 0, name, n, NULL, 0, &error);
	auto_free char *out = mem_alloc((size_t)wanted + 1);
	error = U_ZERO_ERROR;
	uspoof_getSkeletonUTF8(s->checker, 0, name, n, out, wanted + 1, &error);
	assert(U_SUCCESS(error));
	sqlite3_result_text(context, out, wanted, SQLITE_TRANSIENT);
}

static void skeletons_free(void *arg)
{
	struct skeletons *s = arg;
	uspoof_close(s->checker);
	free(s);
}

int skeleton_register(sqlite3 *db)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	UErrorCode error = U_ZERO_ERROR;
	struct skeletons *s = mem_new(struct skeletons);
	s->checker = uspoof_open(&error);
	assert(U_SUCCESS(error));                                       /* fails only without memory or with half a library */
	uspoof_getSkeletonUTF8(s->checker, 0, "a", 1, NULL, 0, &error); /* reads the tables in */
	return sqlite3_create_function_v2(db, "skeleton", 1, flags, s, skeleton, NULL, NULL, skeletons_free);
}
