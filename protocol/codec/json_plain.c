#include "json_plain.h"

#include "json_scan.h"

struct source {
	struct json_scan scan;
	const uint8_t *twice; /* behind the name of a member that was there already, or NULL */
};

static json_t *parse_value(struct source *s);

/* What stands between two quotes; NULL when that is not plain. UTF-8 is left to whoever makes a value of it. */
static const char *parse_text(struct source *s, size_t *n)
{
	if (s->scan.at == s->scan.end || *s->scan.at != '"')
		return NULL;
	const uint8_t *first = ++s->scan.at;
	while (s->scan.at < s->scan.end && *s->scan.at != '"' && *s->scan.at != '\\' && *s->scan.at >= 0x20)
		s->scan.at++;
	if (s->scan.at == s->scan.end || *s->scan.at != '"')
		return NULL;
	*n = (size_t)(s->scan.at++ - first);
	return (const char *)first;
}

static json_t *parse_string(struct source *s)
{
	size_t n;
	const char *text = parse_text(s, &n);

	return text != NULL ? json_stringn(text, n) : NULL; /* NULL too when it is not UTF-8 */
}

static json_t *parse_number(struct source *s)
{
	const uint8_t *first = s->scan.at;
	json_int_t value = 0;
	size_t n = json_scan_digits(&s->scan);

	for (size_t i = 0; i < n; i++)
		value = value * 10 + (first[i] - '0');
	return n > 0 ? json_integer(value) : NULL;
}

static json_t *parse_word(struct source *s, const char *word, json_t *value)
{
	return json_scan_word(&s->scan, word) ? value : NULL;
}

static bool parse_member(struct source *s, json_t *object)
{
	size_t n, before = json_object_size(object);
	const char *key = parse_text(s, &n);

	if (key == NULL || !json_scan_skip(&s->scan, ':'))
		return false;
	json_t *value = parse_value(s);
	if (value == NULL || json_object_setn_new(object, key, n, value) != 0)
		return false;
	if (json_object_size(object) == before)
		s->twice = (const uint8_t *)key + n + 1;
	return s->twice == NULL;
}

static json_t *parse_object(struct source *s)
{
	json_t *object = json_object();

	s->scan.at++;
	json_scan_space(&s->scan);
	if (s->scan.at < s->scan.end && *s->scan.at == '}') {
		s->scan.at++;
		return object;
	}
	while (parse_member(s, object)) {
		if (json_scan_skip(&s->scan, ','))
			continue;
		if (s->scan.at == s->scan.end || *s->scan.at != '}')
			break;
		s->scan.at++;
		return object;
	}
	json_decref(object);
	return NULL;
}

static json_t *parse_value(struct source *s)
{
	if (s->scan.at == s->scan.end)
		return NULL;
	switch (*s->scan.at) {
	case '{':
		return parse_object(s);
	case '"':
		return parse_string(s);
	case 't':
		return parse_word(s, "true", json_true());
	case 'f':
		return parse_word(s, "false", json_false());
	case 'n':
		return parse_word(s, "null", json_null());
	default:
		return *s->scan.at >= '0' && *s->scan.at <= '9' ? parse_number(s) : NULL;
	}
}

json_t *json_plain_parse(const uint8_t *bytes, size_t n, size_t *twice_at)
{
	struct source s = {.scan = {.at = bytes, .end = bytes + n}};

	*twice_at = 0;
	json_scan_space(&s.scan);
	if (s.scan.at == s.scan.end || *s.scan.at != '{')
		return NULL;
	json_t *root = parse_object(&s);
	if (s.twice != NULL)
		*twice_at = (size_t)(s.twice - bytes);
	json_scan_space(&s.scan);
	if (root != NULL && s.scan.at < s.scan.end) {
		json_decref(root);
		return NULL;
	}
	return root;
}
