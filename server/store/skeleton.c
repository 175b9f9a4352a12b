#include "store/skeleton.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <unicode/ucasemap.h>
#include <unicode/uspoof.h>

struct skeletons {
	USpoofChecker *checker;
	UCaseMap *cases;
};

struct utf8 {
	char *s; /* owned */
	int32_t n;
};

static struct utf8 skeleton_of(const struct skeletons *k, const char *s, int32_t n)
{
	UErrorCode error = U_ZERO_ERROR;
	int32_t wanted = uspoof_getSkeletonUTF8(k->checker, 0, s, n, NULL, 0, &error);
	struct utf8 out = {mem_alloc((size_t)wanted + 1), wanted};
	error = U_ZERO_ERROR;
	uspoof_getSkeletonUTF8(k->checker, 0, s, n, out.s, wanted + 1, &error);
	assert(U_SUCCESS(error));
	return out;
}

static struct utf8 folded_of(const struct skeletons *k, const char *s, int32_t n)
{
	UErrorCode error = U_ZERO_ERROR;
	int32_t wanted = ucasemap_utf8FoldCase(k->cases, NULL, 0, s, n, &error);
	struct utf8 out = {mem_alloc((size_t)wanted + 1), wanted};
	error = U_ZERO_ERROR;
	ucasemap_utf8FoldCase(k->cases, out.s, wanted + 1, s, n, &error);
	assert(U_SUCCESS(error));
	return out;
}

/* First as it is shown, where a capital I is like an l; what is left differs in case only; and small letters are like others again. */
static void skeleton(sqlite3_context *context, int n_values, sqlite3_value **values)
{
	const char *name = (const char *)sqlite3_value_text(values[0]);
	const struct skeletons *k = sqlite3_user_data(context);
	if (n_values != 1 || !name)
		return; /* NULL of NULL */
	struct utf8 shown = skeleton_of(k, name, sqlite3_value_bytes(values[0]));
	struct utf8 folded = folded_of(k, shown.s, shown.n);
	struct utf8 out = skeleton_of(k, folded.s, folded.n);
	free(shown.s);
	free(folded.s);
	sqlite3_result_text(context, out.s, out.n, free);
}

static void skeletons_free(void *arg)
{
	struct skeletons *k = arg;
	uspoof_close(k->checker);
	ucasemap_close(k->cases);
	free(k);
}

int skeleton_register(sqlite3 *db)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	UErrorCode error = U_ZERO_ERROR;
	struct skeletons *k = mem_new(struct skeletons);
	k->checker = uspoof_open(&error);
	k->cases = ucasemap_open("", U_FOLD_CASE_DEFAULT, &error);
	assert(U_SUCCESS(error));       /* fails only without memory or with half a library */
	free(skeleton_of(k, "a", 1).s); /* reads the tables in */
	return sqlite3_create_function_v2(db, "skeleton", 1, flags, k, skeleton, NULL, NULL, skeletons_free);
}
