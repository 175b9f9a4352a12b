#include "hook/hook_value.h"

#include "hook/hook_text.h"

#include <string.h>

enum { INDEX_DIGITS_MAX = 6 };

static const json_t *item_of(const json_t *list, struct text place)
{
	size_t index = 0;

	if (place.n == 0 || place.n > INDEX_DIGITS_MAX)
		return NULL;
	for (size_t i = 0; i < place.n; i++) {
		if (place.s[i] < '0' || place.s[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(place.s[i] - '0');
	}
	return json_array_get(list, index);
}

const json_t *hook_value_find(const json_t *root, struct text path)
{
	while (root != NULL) {
		const char *dot = memchr(path.s, '.', path.n);
		struct text step = {.s = path.s, .n = dot ? (size_t)(dot - path.s) : path.n};
		const json_t *next = json_is_array(root) ? item_of(root, step) : json_object_getn(root, step.s, step.n);

		if (dot == NULL)
			return next;
		if (next == NULL)
			return json_object_getn(root, path.s, path.n);
		root = next;
		path = (struct text){.s = dot + 1, .n = path.n - step.n - 1};
	}
	return NULL;
}

const json_t *hook_value_at(const json_t *root, const char *path)
{
	return hook_value_find(root, (struct text){.s = path, .n = strlen(path)});
}

struct text hook_value_text(const json_t *value)
{
	return json_is_string(value) ? (struct text){.s = json_string_value(value), .n = json_string_length(value)}
				     : (struct text){.s = ""};
}

struct text hook_value_string(const json_t *root, const char *path)
{
	return hook_value_text(hook_value_at(root, path));
}

bool hook_value_is(const json_t *root, const char *path, const char *word)
{
	return hook_text_is(hook_value_string(root, path), word);
}

bool hook_value_is_true(const json_t *root, const char *path)
{
	const json_t *value = hook_value_at(root, path);

	return json_is_true(value) || (json_is_number(value) && json_number_value(value) != 0);
}

static int append_bytes(const char *bytes, size_t n, void *arg)
{
	struct buf *out = arg;

	buf_append(out, bytes, n);
	return 0;
}

static void append_text(struct buf *out, const char *s, size_t n, size_t most)
{
	buf_append(out, s, hook_text_cut(s, n, most));
}

void hook_value_append(struct buf *out, const json_t *value, size_t most)
{
	auto_buf json = BUF_INIT;

	if (value == NULL)
		return;
	switch (json_typeof(value)) {
	case JSON_STRING:
		append_text(out, json_string_value(value), json_string_length(value), most);
		break;
	case JSON_INTEGER:
		buf_appendf(out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		buf_appendf(out, "%.15g", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_append_str(out, json_is_true(value) ? "true" : "false");
		break;
	case JSON_NULL:
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		json_dump_callback(value, append_bytes, &json, JSON_COMPACT);
		append_text(out, json.data ? (const char *)json.data : "", json.len, most);
		break;
	}
}
