#include "net/http_value.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Up to the separator, without white space around it; *rest goes on behind it. False: there is nothing more. */
static bool next_item(struct http_text *rest, char separator, struct http_text *item)
{
	if (rest->n == 0)
		return false;
	const char *end = memchr(rest->s, separator, rest->n);
	size_t n = end != NULL ? (size_t)(end - rest->s) : rest->n, whole = end != NULL ? n + 1 : n;

	*item = (struct http_text){rest->s, n};
	*rest = (struct http_text){rest->s + whole, rest->n - whole};
	while (item->n > 0 && is_blank(item->s[0]))
		item->s++, item->n--;
	while (item->n > 0 && is_blank(item->s[item->n - 1]))
		item->n--;
	return true;
}

static bool is_word(struct http_text item, const char *word)
{
	return item.n == strlen(word) && strncasecmp(item.s, word, item.n) == 0;
}

bool http_value_lists(struct http_text list, const char *word)
{
	struct http_text item;

	while (next_item(&list, ',', &item))
		if (is_word(item, word))
			return true;
	return false;
}

struct http_text http_value_first(struct http_text list)
{
	struct http_text item;

	while (next_item(&list, ',', &item))
		if (item.n > 0)
			return item;
	return (struct http_text){NULL, 0};
}

bool http_request_lists(const struct http_request *r, const char *name, const char *word)
{
	for (const struct http_field *f = NULL; (f = http_request_field(r, name, f)) != NULL;)
		if (http_value_lists(f->value, word))
			return true;
	return false;
}

/* "q=0", "q=0.000": nothing but zeros. */
static bool quality_is_none(struct http_text parameter)
{
	if (parameter.n < 3 || strncasecmp(parameter.s, "q=0", 3) != 0)
		return false;
	for (size_t i = 3; i < parameter.n; i++)
		if (parameter.s[i] >= '1' && parameter.s[i] <= '9')
			return false;
	return true;
}

bool http_value_accepts_gzip(struct http_text list)
{
	struct http_text item, part;

	while (next_item(&list, ',', &item)) {
		if (!next_item(&item, ';', &part) || !is_word(part, "gzip"))
			continue;
		while (next_item(&item, ';', &part))
			if (quality_is_none(part))
				return false;
		return true;
	}
	return false;
}

bool http_value_cookie(struct http_text cookies, const char *name, char *out, size_t cap)
{
	struct http_text pair;
	size_t name_bytes = strlen(name);

	out[0] = '\0';
	while (next_item(&cookies, ';', &pair)) {
		if (pair.n <= name_bytes || pair.s[name_bytes] != '=' || memcmp(pair.s, name, name_bytes) != 0)
			continue;
		size_t n = pair.n - name_bytes - 1;
		if (n == 0 || n >= cap)
			return false;
		memcpy(out, pair.s + name_bytes + 1, n);
		out[n] = '\0';
		return true;
	}
	return false;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static int decode(struct http_text value, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.s[i] == '+' ? ' ' : value.s[i];
		if (c == '%' && value.n - i > 2 && hex_value(value.s[i + 1]) >= 0 && hex_value(value.s[i + 2]) >= 0) {
			c = (char)(hex_value(value.s[i + 1]) << 4 | hex_value(value.s[i + 2]));
			i += 2;
		}
		if (c == '\0')
			return HTTP_ARGUMENT_ABSENT;
		if (n + 1 >= cap)
			return HTTP_ARGUMENT_TOO_LONG;
		out[n++] = c;
	}
	out[n] = '\0';
	return (int)n;
}

int http_value_argument(struct http_text query, const char *name, size_t i, char *out, size_t cap)
{
	struct http_text pair;
	size_t name_bytes = strlen(name);

	while (next_item(&query, '&', &pair)) {
		if (pair.n <= name_bytes || pair.s[name_bytes] != '=' || memcmp(pair.s, name, name_bytes) != 0 || i-- > 0)
			continue;
		return decode((struct http_text){pair.s + name_bytes + 1, pair.n - name_bytes - 1}, out, cap);
	}
	return HTTP_ARGUMENT_ABSENT;
}
