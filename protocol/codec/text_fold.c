#include "text_fold.h"

#include <stdlib.h>
#include <unicode/uchar.h>
#include <utf8proc.h>

enum { UNICODE_MAJOR = 15, UNICODE_MINOR = 0, SORTED_MARKS_MAX = 30 };

static const utf8proc_option_t options_of[] = {
	[TEXT_FORM_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
	[TEXT_FORM_KEY] = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
};

static bool is_mapped(utf8proc_int32_t codepoint)
{
	UVersionInfo age; /* 0.0 where no table knows it */

	if (codepoint < 0x80)
		return true;
	u_charAge(codepoint, age);
	return age[0] > 0 && (age[0] < UNICODE_MAJOR || (age[0] == UNICODE_MAJOR && age[1] <= UNICODE_MINOR));
}

static bool append_mapped(const utf8proc_uint8_t *s, size_t n, enum text_form form, struct buf *out)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n_mapped = n > 0 ? utf8proc_map(s, (utf8proc_ssize_t)n, &mapped, options_of[form]) : 0;

	if (n_mapped > 0)
		buf_append(out, mapped, (size_t)n_mapped);
	free(mapped);
	return n_mapped >= 0;
}

bool text_fold(const void *s, size_t n, enum text_form form, struct buf *out)
{
	const utf8proc_uint8_t *bytes = s;
	size_t from = 0, at = 0, n_marks = 0;

	if (n == 0)
		return true; /* s may be NULL then */
	while (at < n) {
		utf8proc_int32_t codepoint;
		utf8proc_ssize_t used = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(n - at), &codepoint);

		n_marks = used > 0 && u_getCombiningClass(codepoint) != 0 ? n_marks + 1 : 0;
		if (used <= 0 || n_marks > SORTED_MARKS_MAX)
			return false;
		if (!is_mapped(codepoint)) {
			if (!append_mapped(bytes + from, at - from, form, out))
				return false;
			buf_append(out, bytes + at, (size_t)used);
			from = at + (size_t)used;
		}
		at += (size_t)used;
	}
	return append_mapped(bytes + from, n - from, form, out);
}

bool text_codepoints(const void *s, size_t n, struct buf *out)
{
	const utf8proc_uint8_t *bytes = s;

	(void)buf_reserve(out, n * sizeof(int32_t));
	for (size_t at = 0; at < n;) {
		utf8proc_int32_t codepoint;
		utf8proc_ssize_t used = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(n - at), &codepoint);

		if (used <= 0)
			return false;
		buf_append(out, &codepoint, sizeof codepoint);
		at += (size_t)used;
	}
	return true;
}
