#include "net/http/http_value.h"

#include <string.h>
#include <strings.h>

enum { PORT_MOST = 65535 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct http_text trimmed(struct http_text text)
{
	while (text.n > 0 && is_blank(text.s[0]))
		text.s++, text.n--;
	while (text.n > 0 && is_blank(text.s[text.n - 1]))
		text.n--;
	return text;
}

/* Takes the text up to the separator, without white space around it, and moves *rest behind it. Returns false when nothing is left. */
static bool next_item(struct http_text *rest, char separator, struct http_text *item)
{
	if (rest->n == 0)
		return false;
	const char *end = memchr(rest->s, separator, rest->n);
	size_t n = end != NULL ? (size_t)(end - rest->s) : rest->n, whole = end != NULL ? n + 1 : n;

	*item = trimmed((struct http_text){rest->s, n});
	*rest = (struct http_text){rest->s + whole, rest->n - whole};
	return true;
}

bool http_value_is(struct http_text text, const char *word)
{
	return text.n == strlen(word) && strncasecmp(text.s, word, text.n) == 0;
}

bool http_value_lists(struct http_text list, const char *word)
{
	struct http_text item;

	while (next_item(&list, ',', &item))
		if (http_value_is(item, word))
			return true;
	return false;
}

struct http_text http_value_unquoted(struct http_text item)
{
	bool is_quoted = item.n > 1 && item.s[0] == '"' && item.s[item.n - 1] == '"';

	return is_quoted ? (struct http_text){item.s + 1, item.n - 2} : item;
}

struct http_host http_value_host(struct http_text host)
{
	const char *bracket = host.n > 0 && host.s[0] == '[' ? memchr(host.s, ']', host.n) : NULL;
	size_t n_bracketed = bracket != NULL ? (size_t)(bracket - host.s) + 1 : 0;
	const char *colon = n_bracketed < host.n ? memchr(host.s + n_bracketed, ':', host.n - n_bracketed) : NULL;
	struct http_host out = {host, 0};

	if (colon == NULL)
		return out;
	out.name.n = (size_t)(colon - host.s);
	for (const char *at = colon + 1; at < host.s + host.n && out.port <= PORT_MOST; at++)
		out.port = out.port * 10 + (unsigned)(*at - '0');
	return out;
}

bool http_request_lists(const struct http_request *r, const char *name, const char *word)
{
	for (const struct http_field *f = NULL; (f = http_request_field(r, name, f)) != NULL;)
		if (http_value_lists(f->value, word))
			return true;
	return false;
}

/* Takes the last element off a list. Returns false when there is none. */
static bool last_item(struct http_text *list, struct http_text *item)
{
	if (list->s == NULL)
		return false;
	const char *comma = memrchr(list->s, ',', list->n);
	size_t start = comma != NULL ? (size_t)(comma - list->s) + 1 : 0;

	*item = trimmed((struct http_text){list->s + start, list->n - start});
	*list = start > 0 ? (struct http_text){list->s, start - 1} : (struct http_text){NULL, 0};
	return true;
}

size_t http_request_list_end(const struct http_request *r, const char *name, struct http_text *end, size_t most)
{
	struct http_text item;
	size_t n = 0;

	for (size_t i = r->n_fields; i-- > 0;) {
		struct http_text list = r->fields[i].value;
		if (!http_value_is(r->fields[i].name, name))
			continue;
		while (last_item(&list, &item))
			if (item.n > 0 && n++ < most)
				end[n - 1] = item;
	}
	return n;
}

/* Whether a weight is zero: "q=0", "q=0.000". */
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
		if (!next_item(&item, ';', &part) || !http_value_is(part, "gzip"))
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
