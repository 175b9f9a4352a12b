#include "json_valid.h"

#include "json_scan.h"

#include <utf8proc.h>

enum { MEMBERS_MAX = 16 };

struct name {
	const uint8_t *first;
	size_t n;
};

static bool take_value(struct json_scan *s, unsigned depth);

static bool take_escape(struct json_scan *s)
{
	if (s->end - s->at < 2 || memchr("\"\\/bfnrt", s->at[1], 8) == NULL)
		return false;
	s->at += 2;
	return true;
}

static bool take_character(struct json_scan *s)
{
	utf8proc_int32_t character;
	utf8proc_ssize_t n = utf8proc_iterate(s->at, s->end - s->at, &character);

	s->at += n > 0 ? n : 0;
	return n > 0;
}

/* From quote to quote. *is_plain: there is no escape in it. */
static bool take_string(struct json_scan *s, bool *is_plain)
{
	*is_plain = true;
	if (s->at == s->end || *s->at != '"')
		return false;
	s->at++;
	for (;;) {
		while (s->at < s->end && *s->at >= 0x20 && *s->at < 0x80 && *s->at != '"' && *s->at != '\\')
			s->at++;
		if (s->at == s->end || *s->at < 0x20)
			return false;
		if (*s->at == '"')
			break;
		*is_plain = *is_plain && *s->at != '\\';
		if (*s->at == '\\' ? !take_escape(s) : !take_character(s))
			return false;
	}
	s->at++;
	return true;
}

static bool take_number(struct json_scan *s)
{
	s->at += *s->at == '-';
	return json_scan_digits(s) > 0;
}

/* A name with an escape may be another one in other letters. */
static bool take_name(struct json_scan *s, struct name *names, size_t n)
{
	bool is_plain;
	struct name new = {.first = s->at};

	if (n == MEMBERS_MAX || !take_string(s, &is_plain) || !is_plain)
		return false;
	new.n = (size_t)(s->at - new.first);
	for (size_t i = 0; i < n; i++)
		if (names[i].n == new.n && memcmp(names[i].first, new.first, new.n) == 0)
			return false;
	names[n] = new;
	return true;
}

static bool take_object(struct json_scan *s, unsigned depth)
{
	struct name names[MEMBERS_MAX];
	size_t n = 0;

	if (depth == 0 || !json_scan_skip(s, '{'))
		return false;
	if (s->at < s->end && *s->at == '}')
		return json_scan_word(s, "}");
	do {
		if (!take_name(s, names, n++) || !json_scan_skip(s, ':') || !take_value(s, depth - 1))
			return false;
	} while (json_scan_skip(s, ','));
	return json_scan_word(s, "}");
}

static bool take_array(struct json_scan *s, unsigned depth)
{
	if (depth == 0 || !json_scan_skip(s, '['))
		return false;
	if (s->at < s->end && *s->at == ']')
		return json_scan_word(s, "]");
	do {
		if (!take_value(s, depth - 1))
			return false;
	} while (json_scan_skip(s, ','));
	return json_scan_word(s, "]");
}

static bool take_value(struct json_scan *s, unsigned depth)
{
	bool is_plain;

	if (s->at == s->end)
		return false;
	switch (*s->at) {
	case '{':
		return take_object(s, depth);
	case '[':
		return take_array(s, depth);
	case '"':
		return take_string(s, &is_plain);
	case 't':
		return json_scan_word(s, "true");
	case 'f':
		return json_scan_word(s, "false");
	case 'n':
		return json_scan_word(s, "null");
	default:
		return take_number(s);
	}
}

bool json_valid_object(const uint8_t *bytes, size_t n, unsigned depth)
{
	struct json_scan s = {.at = bytes, .end = bytes + n};

	if (!take_object(&s, depth))
		return false;
	json_scan_space(&s);
	return s.at == s.end;
}
