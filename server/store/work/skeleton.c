#include "store/work/skeleton.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/uspoof.h>
#include <unicode/utf8.h>

enum { FUNCTION_VERSION = 2 }; /* grows with every change of what skeleton() makes of a name */

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

/* Without what shows nothing (UTS #39, section 4; ICU leaves it in before version 74). */
static int32_t to_visible(const struct skeletons *k, const char *s, int32_t n, char *out, int32_t room, UErrorCode *error)
{
	const uint8_t *bytes = (const uint8_t *)s;
	int32_t n_out = 0;
	(void)k;
	for (int32_t at = 0; at < n;) {
		int32_t from = at;
		UChar32 c;
		U8_NEXT(bytes, at, n, c);
		if (c >= 0 && u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
			continue;
		if (n_out + (at - from) <= room)
			memcpy(out + n_out, s + from, (size_t)(at - from));
		n_out += at - from;
	}
	*error = n_out > room ? U_BUFFER_OVERFLOW_ERROR : U_ZERO_ERROR;
	return n_out;
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
struct text skeleton_of(const struct skeletons *k, struct text name)
{
	struct utf8 visible = step(k, to_visible, name.s, (int32_t)name.n);
	struct utf8 shown = step(k, to_skeleton, visible.s, visible.n);
	struct utf8 folded = step(k, to_folded, shown.s, shown.n);
	struct utf8 out = step(k, to_skeleton, folded.s, folded.n);
	free(visible.s);
	free(shown.s);
	free(folded.s);
	return (struct text){.s = out.s, .n = (size_t)out.n};
}

void skeleton_version(char out[SKELETON_VERSION_BYTES])
{
	UVersionInfo icu;
	char text[U_MAX_VERSION_STRING_LENGTH];
	u_getVersion(icu);
	u_versionToString(icu, text);
	snprintf(out, SKELETON_VERSION_BYTES, "%d/%s", FUNCTION_VERSION, text);
}

struct skeletons *skeletons_new(void)
{
	UErrorCode error = U_ZERO_ERROR;
	struct skeletons *k = mem_new(struct skeletons);
	k->checker = uspoof_open(&error);
	k->cases = ucasemap_open("", U_FOLD_CASE_DEFAULT, &error);
	assert(U_SUCCESS(error));             /* fails only without memory or with half a library */
	free(step(k, to_skeleton, "a", 1).s); /* reads the tables in */
	return k;
}

void skeletons_destroy(struct skeletons *k)
{
	if (!k)
		return;
	uspoof_close(k->checker);
	ucasemap_close(k->cases);
	free(k);
}
