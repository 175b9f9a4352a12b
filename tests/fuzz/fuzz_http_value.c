/* Values of headers (cookies, lists of words, Accept-Encoding) and arguments of a query. A result for a text must hold for the same text with more around
 * it. */
#include "net/http/http_value.h"

#include "base/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char name[] = "parley_session";

/* A new string: `text` between two others. */
static char *around(const char *before, const char *text, const char *behind)
{
	size_t n = strlen(before) + strlen(text) + strlen(behind) + 1;
	char *out = mem_alloc(n);

	(void)snprintf(out, n, "%s%s%s", before, text, behind);
	return out;
}

static struct http_text of(const char *text)
{
	return (struct http_text){text, strlen(text)};
}

static void check_cookie(const char *text)
{
	char value[16], pair[64];
	auto_free char *first = around("parley_session=abc;", text, "");
	auto_free char *last = around("", text, ";parley_session=abc");

	if (http_value_cookie(of(text), name, value, sizeof value)) {
		assert(value[0] != '\0' && strlen(value) < sizeof value && strchr(value, ';') == NULL);
		(void)snprintf(pair, sizeof pair, "%s=%s", name, value);
		assert(strstr(text, pair) != NULL);
	} else {
		assert(value[0] == '\0');
	}
	assert(http_value_cookie(of(first), name, value, sizeof value) && strcmp(value, "abc") == 0);
	if (strstr(text, "parley_session=") == NULL)
		assert(http_value_cookie(of(last), name, value, sizeof value) && strcmp(value, "abc") == 0);
	assert(!http_value_cookie(of("parley_session=123456789012345678"), name, value, sizeof value) && value[0] == '\0');
}

static void check_lists(const char *text)
{
	auto_free char *word = around("", text, ", Upgrade");
	auto_free char *gzip = around("", text, ", gzip;q=0.5");
	auto_free char *none = around("", text, ", gzip;q=0.000");

	assert(http_value_lists(of(word), "upgrade"));
	if (http_value_lists(of(text), "upgrade"))
		assert(strcasestr(text, "upgrade") != NULL);
	if (strcasestr(text, "gzip") == NULL) {
		assert(!http_value_accepts_gzip(of(text)));
		assert(http_value_accepts_gzip(of(gzip)));
		assert(!http_value_accepts_gzip(of(none)));
	}
}

static void check_arguments(const char *text)
{
	auto_free char *query = around("a=%41+b&room=", text, "&room=last");
	char value[64];
	int n = http_value_argument(of(query), "room", 0, value, sizeof value);

	assert(n < (int)sizeof value && (n < 0 || (int)strlen(value) == n));
	assert(http_value_argument(of(query), "a", 0, value, sizeof value) == 3 && strcmp(value, "A b") == 0);
	if (strchr(text, '&') == NULL)
		assert(http_value_argument(of(query), "room", 1, value, sizeof value) == 4 && strcmp(value, "last") == 0);
	if (strpbrk(text, "&%+ \t") == NULL && strlen(text) < sizeof value)
		assert(http_value_argument(of(query), "room", 0, value, sizeof value) == (int)strlen(text) && strcmp(value, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = n > 0 ? mem_strndup((const char *)data, n) : NULL; /* to its first NUL: as the library gives it */

	if (text == NULL)
		return 0;
	check_cookie(text);
	check_lists(text);
	check_arguments(text);
	return 0;
}
