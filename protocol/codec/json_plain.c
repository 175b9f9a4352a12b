#include "json_plain.h"

#include <stdbool.h>
#include <string.h>

enum { DIGITS_MAX = 18 }; /* of a whole number that surely fits */

struct source {
	const uint8_t *at, *end;
	const uint8_t *twice; /* behind the name of a member that was there already, or NULL */
};

static json_t *parse_value(struct source *s);

static void skip_space(struct source *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

/* Steps over this byte and the space around it. */
static bool skip(struct source *s, uint8_t byte)
{
	skip_space(s);
	if (s->at == s->end || *s->at != byte)
		return false;
	s->at++;
	skip_space(s);
	return true;
}

/* What stands between two quotes; NULL when that is not plain. UTF-8 is left to whoever makes a value of it. */
static const char *parse_text(struct source *s, size_t *n)
{
	if (s->at == s->end || *s->at != '"')
		return NULL;
	const uint8_t *first = ++s->at;
	while (s->at < s->end && *s->at != '"' && *s->at != '\\' && *s->at >= 0x20)
		s->at++;
	if (s->at == s->end || *s->at != '"')
		return NULL;
	*n = (size_t)(s->at++ - first);
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
	const uint8_t *first = s->at;
	json_int_t value = 0;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - first < DIGITS_MAX)
		value = value * 10 + (*s->at++ - '0');
	bool goes_on = s->at < s->end && strchr("0123456789.eE", *s->at) != NULL;
	bool has_zero_before = *first == '0' && s->at - first > 1;
	return goes_on || has_zero_before ? NULL : json_integer(value);
}

static json_t *parse_word(struct source *s, const char *word, json_t *value)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return NULL;
	s->at += n;
	return value;
}

static bool parse_member(struct source *s, json_t *object)
{
	size_t n, before = json_object_size(object);
	const char *key = parse_text(s, &n);

	if (key == NULL || !skip(s, ':'))
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

	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == '}') {
		s->at++;
		return object;
	}
	while (parse_member(s, object)) {
		if (skip(s, ','))
			continue;
		if (s->at == s->end || *s->at != '}')
			break;
		s->at++;
		return object;
	}
	json_decref(object);
	return NULL;
}

static json_t *parse_value(struct source *s)
{
	if (s->at == s->end)
		return NULL;
	switch (*s->at) {
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
		return *s->at >= '0' && *s->at <= '9' ? parse_number(s) : NULL;
	}
}

json_t *json_plain_parse(const uint8_t *bytes, size_t n, size_t *twice_at)
{
	struct source s = {.at = bytes, .end = bytes + n};

	*twice_at = 0;
	skip_space(&s);
	if (s.at == s.end || *s.at != '{')
		return NULL;
	json_t *root = parse_object(&s);
	if (s.twice != NULL)
		*twice_at = (size_t)(s.twice - bytes);
	skip_space(&s);
	if (root != NULL && s.at < s.end) {
		json_decref(root);
		return NULL;
	}
	return root;
}
