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

/* Writes at most `room` bytes and returns how many there are to write. */
typedef int32_t step_fn(const struct skeletons *k, const char *s, int32_t n, char *out, int32_t room, UErrorCode *error);

static int32_t to_skeleton(const struct skeletons *k, const char *s, int32_t n, char *out, int32_t room, UErrorCode *error)
{
	return uspoof_getSkeletonUTF8(k->checker, 0, s, n, out, room, error);
}

static int32_t to_folded(const struct skeletons *k, const char *s, int32_t n, char *out, int32_t room, UErrorCode *error)
{
	return ucasemap_utf8FoldCase(k->cases, out, room, s, n, error);
}

static struct utf8 step(const struct skeletons *k, step_fn *fn, const char *s, int32_t n)
{
	int32_t room = 2 * n + 16; /* enough for nearly all */
	for (;;) {
		UErrorCode error = U_ZERO_ERROR;
		struct utf8 out = {.s = mem_alloc((size_t)room)};
		out.n = fn(k, s, n, out.s, room, &error);
		if (error != U_BUFFER_OVERFLOW_ERROR) {
			assert(U_SUCCESS(error)); /* what is no UTF-8 becomes U+FFFD */
			return out;
		}
		free(out.s);
		room = out.n;
	}
}

/* First as it is shown, where a capital I is like an l; what is left differs in case only; and small letters are like others again. */
static void skeleton(sqlite3_context *context, int n_values, sqlite3_value **values)
{
	const char *name = (const char *)sqlite3_value_text(values[0]);
	const struct skeletons *k = sqlite3_user_data(context);
	if (n_values != 1 || !name)
		return; /* NULL of NULL */
	struct utf8 shown = step(k, to_skeleton, name, sqlite3_value_bytes(values[0]));
	struct utf8 folded = step(k, to_folded, shown.s, shown.n);
	struct utf8 out = step(k, to_skeleton, folded.s, folded.n);
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
	assert(U_SUCCESS(error));             /* fails only without memory or with half a library */
	free(step(k, to_skeleton, "a", 1).s); /* reads the tables in */
	return sqlite3_create_function_v2(db, "skeleton", 1, flags, k, skeleton, NULL, NULL, skeletons_free);
}
