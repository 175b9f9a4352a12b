#include "json_check.h"

#include "json_plain.h"

#include <stdio.h>
#include <string.h>

enum {
	PATH_LEVELS = 4,     /* members named in a message, from the outermost */
	PATH_KEY_BYTES = 32, /* of each */
	PATH_BYTES = PATH_LEVELS * (PATH_KEY_BYTES + 1) + 8,
	ESCAPE_BYTES = 6, /* \u0072 */
};

/* The end of the string that starts with the quote at `at`: the index of its closing quote, or n when there is none. */
static size_t string_end(const uint8_t *bytes, size_t n, size_t at)
{
	size_t i = at + 1;

	while (i < n && bytes[i] != '"')
		i += bytes[i] == '\\' ? 2 : 1;
	return i < n ? i : n;
}

static size_t skip_space(const uint8_t *bytes, size_t n, size_t at)
{
	while (at < n && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t'))
		at++;
	return at;
}

static bool is_in_number(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' || byte == 'e' || byte == 'E';
}

/* The value whose colon is at `at`, after space. */
static bool find_value(const uint8_t *bytes, size_t n, size_t at, const uint8_t **value, size_t *n_value)
{
	size_t first = at < n && bytes[at] == ':' ? skip_space(bytes, n, at + 1) : n;
	size_t end = first;

	if (first < n && bytes[first] == '"')
		end = string_end(bytes, n, first) + 1;
	else
		while (end < n && is_in_number(bytes[end]))
			end++;
	*value = bytes + first;
	*n_value = end - first;
	return end > first && end <= n;
}

static unsigned hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - (unsigned)'0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - (unsigned)'a' + 10 : UINT8_MAX + 1;
}

/* Whether the first of n bytes of a string stand for this character: as it is, or as \u00XX. How many they are, or 0. */
static size_t stands_for(const uint8_t *bytes, size_t n, char c)
{
	if (n > 0 && bytes[0] == (uint8_t)c)
		return 1;
	bool escaped = n >= ESCAPE_BYTES && memcmp(bytes, "\\u00", ESCAPE_BYTES - 2) == 0 &&
		       hex_digit(bytes[4]) * 16 + hex_digit(bytes[5]) == (uint8_t)c;
	return escaped ? ESCAPE_BYTES : 0;
}

/* Whether the n bytes between two quotes are this name, which has letters only. */
static bool is_name(const uint8_t *bytes, size_t n, const char *name)
{
	for (; *name != '\0'; name++) {
		size_t used = stands_for(bytes, n, *name);
		if (used == 0)
			return false;
		bytes += used;
		n -= used;
	}
	return n == 0;
}

bool json_check_find(const uint8_t *bytes, size_t n, const char *name, const uint8_t **value, size_t *n_value)
{
	size_t depth = 0;

	for (size_t i = 0; i < n; i++) {
		size_t first = i + 1;

		switch (bytes[i]) {
		case '"':
			i = string_end(bytes, n, i);
			if (depth == 1 && is_name(bytes + first, i - first, name) &&
			    find_value(bytes, n, skip_space(bytes, n, i + 1), value, n_value))
				return true;
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			break;
		default:
			break;
		}
	}
	return false;
}

/* Where the nesting first passes `most` levels, or n. Reads strings as the parser does up to the first error it will find. *plain: whether
 * json_plain.h may take it, as far as it was read. */
static size_t depth_exceeded_at(const uint8_t *bytes, size_t n, uint64_t most, bool *plain)
{
	uint64_t depth = 0;
	size_t first;

	for (size_t i = 0; i < n; i++) {
		switch (bytes[i]) {
		case '"':
			first = i + 1;
			i = string_end(bytes, n, i);
			*plain = *plain && memchr(bytes + first, '\\', i - first) == NULL;
			break;
		case '[':
			*plain = false;
			__attribute__((fallthrough));
		case '{':
			if (++depth > most)
				return i;
			break;
		case '}':
		case ']':
			if (depth > 0)
				depth--;
			break;
		case '-':
		case '.':
			*plain = false;
			break;
		default:
			break;
		}
	}
	return n;
}

/* Where in the document a place is: the member's key at each of the outer levels. */
struct json_path {
	uint64_t depth;
	struct {
		bool is_object, key_next;
		size_t key_at, key_bytes;
	} level[PATH_LEVELS];
};

static void path_open(struct json_path *p, bool is_object)
{
	if (p->depth < PATH_LEVELS) {
		p->level[p->depth].is_object = p->level[p->depth].key_next = is_object;
		p->level[p->depth].key_bytes = 0;
	}
	p->depth++;
}

static void path_comma(struct json_path *p)
{
	if (p->depth == 0 || p->depth > PATH_LEVELS)
		return;
	p->level[p->depth - 1].key_next = p->level[p->depth - 1].is_object;
	p->level[p->depth - 1].key_bytes = 0;
}

static void path_string(struct json_path *p, size_t at, size_t n)
{
	if (p->depth == 0 || p->depth > PATH_LEVELS || !p->level[p->depth - 1].key_next)
		return;
	p->level[p->depth - 1].key_next = false;
	p->level[p->depth - 1].key_at = at;
	p->level[p->depth - 1].key_bytes = n;
}

/* Follows the document up to `end`. Only ever called to word an error. */
static struct json_path path_at(const uint8_t *bytes, size_t end)
{
	struct json_path p = {0};

	for (size_t i = 0; i < end; i++) {
		size_t close;

		switch (bytes[i]) {
		case '"':
			close = string_end(bytes, end, i);
			if (close < end)
				path_string(&p, i + 1, close - i - 1);
			i = close;
			break;
		case '{':
		case '[':
			path_open(&p, bytes[i] == '{');
			break;
		case '}':
		case ']':
			p.depth -= p.depth > 0;
			break;
		case ',':
			path_comma(&p);
			break;
		default:
			break;
		}
	}
	return p;
}

/* Writes the path with ": " behind it, or nothing for the document itself. */
static void path_print(const uint8_t *bytes, size_t end, enum json_scope scope, char out[PATH_BYTES])
{
	struct json_path p = path_at(bytes, end);
	size_t len = (size_t)sprintf(out, "%s", scope == JSON_SCOPE_DATA ? "data" : "");

	for (size_t i = 0; i < PATH_LEVELS && i < p.depth; i++) {
		size_t n = p.level[i].key_bytes < PATH_KEY_BYTES ? p.level[i].key_bytes : PATH_KEY_BYTES;

		if (n == 0)
			continue;
		if (len > 0)
			out[len++] = '.';
		request_fault_quote(out + len, n + 1, bytes + p.level[i].key_at, n);
		len += n;
	}
	if (len > 0)
		strcpy(out + len, ": ");
}

static void set_twice_fault(struct request_fault *fault, const uint8_t *bytes, size_t at, enum json_scope scope)
{
	char path[PATH_BYTES];

	path_print(bytes, at, scope, path);
	request_fault_set(fault, WIRE_INVALID_JSON, "%sgiven twice", path);
}

/* The parser's error as ours: its own words where they help. */
static void set_parse_fault(struct request_fault *fault, const uint8_t *bytes, size_t n, enum json_scope scope, const json_error_t *error)
{
	size_t at = error->position > 0 && (size_t)error->position < n ? (size_t)error->position : n;
	char path[PATH_BYTES], why[64];

	path_print(bytes, at, scope, path);
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		set_twice_fault(fault, bytes, at, scope);
		return;
	case json_error_numeric_overflow:
		request_fault_set(fault, WIRE_INVALID_JSON, "%sthe number is out of range", path);
		return;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		request_fault_set(fault, WIRE_INVALID_JSON, "%sNUL is not allowed", path);
		return;
	case json_error_invalid_utf8:
		request_fault_set(fault, WIRE_INVALID_JSON, "%snot UTF-8 at byte %zu", path, at);
		return;
	case json_error_premature_end_of_input:
		request_fault_set(fault, WIRE_INVALID_JSON, "%sthe JSON ends too early, at byte %zu", path, at);
		return;
	default: /* the library's enum: its text says it well enough */
		request_fault_quote(why, sizeof(why), error->text, strlen(error->text));
		request_fault_set(fault, WIRE_INVALID_JSON, "%snot JSON at byte %zu: %s", path, at, why);
	}
}

json_t *json_check_parse(const uint8_t *bytes, size_t n, enum json_scope scope, uint64_t depth_limit, struct request_fault *fault)
{
	uint64_t most = depth_limit > 0 && depth_limit < JSON_CHECK_DEPTH_MAX ? depth_limit : JSON_CHECK_DEPTH_MAX;
	size_t start = skip_space(bytes, n, 0), twice_at = 0;
	char path[PATH_BYTES];
	json_error_t error;
	bool plain = true;

	size_t deep = depth_exceeded_at(bytes, n, scope == JSON_SCOPE_DATA ? most - 1 : most, &plain);
	if (deep < n) {
		path_print(bytes, deep, scope, path);
		request_fault_set(fault, WIRE_TOO_LARGE, "%snested too deep; the limit (json_depth) is %llu levels", path,
				  (unsigned long long)most);
		return NULL;
	}
	if (start < n && bytes[start] != '{') {
		if (n - start >= 3 && memcmp(bytes + start, "\xEF\xBB\xBF", 3) == 0)
			request_fault_set(fault, WIRE_INVALID_JSON,
					  "%sbegins with a byte-order mark; send it without (RFC 8259, section 8.1)",
					  scope == JSON_SCOPE_DATA ? "the body " : "the frame ");
		else if (bytes[start] == '[')
			request_fault_set(fault, WIRE_INVALID_JSON, "%smust be an object",
					  scope == JSON_SCOPE_DATA ? "data: " : "the frame ");
		else
			request_fault_set(fault, WIRE_INVALID_JSON, "%snot JSON at byte %zu: an object is expected",
					  scope == JSON_SCOPE_DATA ? "data: " : "", start);
		return NULL;
	}
	json_t *root = plain ? json_plain_parse(bytes, n, &twice_at) : NULL;
	if (root == NULL && twice_at > 0) {
		set_twice_fault(fault, bytes, twice_at, scope);
		return NULL;
	}
	if (root == NULL)
		root = json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		set_parse_fault(fault, bytes, n, scope, &error);
	return root;
}
