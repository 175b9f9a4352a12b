/* What is cleaned is clean: cleaning it again changes nothing. */
#include "codec/text_clean.h"
#include "codec/text_password.h"

#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool is_utf8(const void *bytes, size_t n)
{
	json_auto_t *string = json_stringn(bytes, n);

	return string != NULL;
}

static void check_message(const char *s, size_t n, bool valid)
{
	auto_buf once = BUF_INIT, twice = BUF_INIT;

	assert(text_clean_message(s, n, &once) == once.len && once.len <= n);
	if (!valid)
		return;
	text_clean_message((const char *)once.data, once.len, &twice);
	assert(same(&once, &twice));
	assert(once.len == 0 || is_utf8(once.data, once.len));
}

static void check_name(const char *s, size_t n, bool valid)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT, shown_again = BUF_INIT, key_again = BUF_INIT, found = BUF_INIT;
	enum name_fault fault = text_clean_name(s, n, 64, &shown, &key);

	assert(valid || fault != NAME_OK);
	if (fault != NAME_OK) {
		assert(shown.len == 0 && key.len == 0);
		return;
	}
	assert(shown.len > 0 && shown.len <= 64 && key.len > 0);
	assert(is_utf8(shown.data, shown.len) && is_utf8(key.data, key.len));
	assert(text_clean_name((const char *)shown.data, shown.len, 64, &shown_again, &key_again) == NAME_OK);
	assert(same(&shown, &shown_again) && same(&key, &key_again));
	text_name_key(s, n, &found);
	assert(same(&key, &found));
}

static void check_password(const char *s, size_t n, bool valid)
{
	auto_buf once = BUF_INIT, twice = BUF_INIT;

	if (!text_password(s, n, &once)) {
		assert(once.len == 0);
		return;
	}
	assert(valid && once.len > 0 && is_utf8(once.data, once.len));
	assert(text_password((const char *)once.data, once.len, &twice) && same(&once, &twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = n > 0 ? (const char *)data : "";
	bool valid = is_utf8(s, n);

	check_message(s, n, valid);
	check_name(s, n, valid || n == 0);
	check_password(s, n, valid);
	return 0;
}
