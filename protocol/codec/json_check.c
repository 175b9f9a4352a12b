#include "json_check.h"

#include "json_plain.h"

#include <stdio.h>
#include <string.h>

enum {
	PATH_LEVELS = 4,     /* members named in a message, from the outermost */
	PATH_KEY_BYTES = 32, /* of each */
	PATH_BYTES = PATH_LEVELS * (PATH_KEY_BYTES + 1) + 8,
};

/* The end of the string that starts with the quote at `at`: the index of its closing quote, or n when there is none. */
static size_t string_end(const uint8_t *bytes, size_t n, size_t at)
{
	size_t i = at + 1;

	while (i < n && bytes[i] != '"')
		i += bytes[i] == '\\' ? 2 : 1;
	return i < n ? i : n;
}

/* Where the nesting first passes `most` levels, or n. Reads strings as the parser does up to the first error it will find. */
static size_t depth_exceeded_at(const uint8_t *bytes, size_t n, uint64_t most)
{
	uint64_t depth = 0;

	for (size_t i = 0; i < n; i++) {
		switch (bytes[i]) {
		case '"':
			i = string_end(bytes, n, i);
			break;
		case '{':
		case '[':
			if (++depth > most)
				return i;
			break;
		case '}':
		case ']':
			if (depth > 0)
				depth--;
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

/* The parser's error as ours: its own words where they help. */
static void set_parse_fault(struct request_fault *fault, const uint8_t *bytes, size_t n, enum json_scope scope, const json_error_t *error)
{
	size_t at = error->position > 0 && (size_t)error->position < n ? (size_t)error->position : n;
	char path[PATH_BYTES], why[64];

	path_print(bytes, at, scope, path);
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		request_fault_set(fault, WIRE_INVALID_JSON, "%sgiven twice", path);
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
	size_t deep = depth_exceeded_at(bytes, n, scope == JSON_SCOPE_DATA ? most - 1 : most);
	char path[PATH_BYTES];
	json_error_t error;

	if (deep < n) {
		path_print(bytes, deep, scope, path);
		request_fault_set(fault, WIRE_TOO_LARGE, "%snested too deep; the limit (json_depth) is %llu levels", path,
				  (unsigned long long)most);
		return NULL;
	}
	json_t *root = json_plain_parse(bytes, n);
	if (root == NULL)
		root = json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL) {
		set_parse_fault(fault, bytes, n, scope, &error);
		return NULL;
	}
	if (!json_is_object(root)) {
		json_decref(root);
		request_fault_set(fault, WIRE_INVALID_JSON, "%smust be an object", scope == JSON_SCOPE_DATA ? "data: " : "the frame ");
		return NULL;
	}
	return root;
}
