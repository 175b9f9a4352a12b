#include "hook/hook_body.h"

#include <string.h>
#include <strings.h>

enum { BOUNDARY_BYTES_MAX = 70 }; /* RFC 2046, section 5.1.1 */

static bool begins_with(struct text t, const char *word)
{
	size_t n = strlen(word);
	return t.n >= n && strncasecmp(t.s, word, n) == 0;
}

static struct text from(struct text t, size_t at)
{
	return (struct text){.s = t.s + at, .n = t.n - at};
}

/* Where the word is in t, in any case of its letters where any_case; t.n: nowhere. */
static size_t find(struct text t, struct text word, bool any_case)
{
	if (!any_case) {
		const char *found = memmem(t.s, t.n, word.s, word.n);
		return found ? (size_t)(found - t.s) : t.n;
	}
	for (size_t at = 0; at + word.n <= t.n; at++)
		if (strncasecmp(t.s + at, word.s, word.n) == 0)
			return at;
	return t.n;
}

static struct text words(const char *s)
{
	return (struct text){.s = s, .n = strlen(s)};
}

enum hook_body hook_body_kind(struct text content_type, struct text body)
{
	size_t at = 0;
	if (content_type.s && begins_with(content_type, "multipart/form-data"))
		return HOOK_BODY_MULTIPART;
	while (at < body.n && strchr(" \t\r\n", body.s[at]) && body.s[at])
		at++;
	if (at < body.n && (body.s[at] == '{' || body.s[at] == '['))
		return HOOK_BODY_JSON;
	bool is_form = content_type.s && begins_with(content_type, "application/x-www-form-urlencoded");
	return is_form || begins_with(body, "payload=") ? HOOK_BODY_FORM : HOOK_BODY_JSON;
}

/* ---- a form ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A % without two digits behind it stands for itself. */
static void append_decoded(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		int high = t.s[i] == '%' && i + 2 < t.n ? hex_digit(t.s[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(t.s[i + 2]) : -1;
		if (low >= 0) {
			buf_append_byte(out, (uint8_t)(high << 4 | low));
			i += 2;
		} else {
			buf_append_byte(out, t.s[i] == '+' ? ' ' : (uint8_t)t.s[i]);
		}
	}
}

bool hook_body_field(struct text body, const char *name, struct buf *out)
{
	size_t n_name = strlen(name);
	while (body.n > 0) {
		const char *end = memchr(body.s, '&', body.n);
		struct text pair = {.s = body.s, .n = end ? (size_t)(end - body.s) : body.n};
		if (pair.n > n_name && pair.s[n_name] == '=' && memcmp(pair.s, name, n_name) == 0) {
			append_decoded(out, from(pair, n_name + 1));
			return true;
		}
		body = from(body, end ? pair.n + 1 : pair.n);
	}
	return false;
}

/* ---- multipart (RFC 7578) ---- */

/* "--" and the boundary, in out. False: the content type names none. */
static bool read_boundary(struct text content_type, char out[BOUNDARY_BYTES_MAX + 3])
{
	struct text name = words("boundary=");
	struct text value = from(content_type, find(content_type, name, true));
	if (value.n == 0)
		return false;
	value = from(value, name.n);
	bool is_quoted = value.n > 0 && value.s[0] == '"';
	if (is_quoted)
		value = from(value, 1);
	size_t n = 0;
	while (n < value.n && (is_quoted ? value.s[n] != '"' : !strchr("; \t", value.s[n])))
		n++;
	if (n == 0 || n > BOUNDARY_BYTES_MAX)
		return false;
	memcpy(out, "--", 2);
	memcpy(out + 2, value.s, n);
	out[n + 2] = '\0';
	return true;
}

static bool is_named_payload(struct text head)
{
	struct text quoted = words("name=\"payload\""), plain = words("name=payload");
	size_t at = find(head, quoted, true);
	if (at == head.n)
		at = find(head, plain, true);
	return at < head.n && at > 0 && strchr("; \t", head.s[at - 1]); /* and not filename= */
}

static struct text find_part(struct text body, const char *boundary)
{
	const struct text line = words(boundary), blank = words("\r\n\r\n"), end_of_line = words("\r\n");
	size_t at = find(body, line, false);
	while (at < body.n) {
		struct text part = from(body, at + line.n);
		size_t end = find(part, line, false), n_head = find(part, blank, false);
		if (end == part.n || n_head >= end)
			break;
		struct text content = {.s = part.s + n_head + blank.n, .n = end - n_head};
		/* It ends with the end of line before the boundary, which is not its own. */
		bool is_whole = content.n >= blank.n + end_of_line.n;
		content.n -= is_whole ? blank.n + end_of_line.n : content.n;
		if (is_named_payload((struct text){.s = part.s, .n = n_head}))
			return content;
		body = part;
		at = end;
	}
	return (struct text){0};
}

struct text hook_body_payload(struct text content_type, struct text body, struct buf *made)
{
	char boundary[BOUNDARY_BYTES_MAX + 3];
	switch (hook_body_kind(content_type, body)) {
	case HOOK_BODY_JSON:
		return body;
	case HOOK_BODY_MULTIPART:
		return read_boundary(content_type, boundary) ? find_part(body, boundary) : (struct text){0};
	case HOOK_BODY_FORM:
		if (hook_body_field(body, "payload", made))
			return (struct text){.s = made->data ? (const char *)made->data : "", .n = made->len};
	}
	return (struct text){0};
}
