/*
 * What the readers of JSON that build nothing, or only what is plain, share: a place in the bytes, and steps over what stands there. Pure.
 */
#ifndef PARLEY_CODEC_JSON_SCAN_H
#define PARLEY_CODEC_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { JSON_SCAN_DIGITS_MAX = 18 }; /* of a whole number that surely fits */

struct json_scan {
	const uint8_t *at, *end;
};

static inline void json_scan_space(struct json_scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

/* Steps over this byte and the space around it. */
static inline bool json_scan_skip(struct json_scan *s, uint8_t byte)
{
	json_scan_space(s);
	if (s->at == s->end || *s->at != byte)
		return false;
	s->at++;
	json_scan_space(s);
	return true;
}

static inline bool json_scan_word(struct json_scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	return true;
}

/* The digits of a whole number that surely fits, without one 0 too many before them; 0 when it is none, or may be another number. */
static inline size_t json_scan_digits(struct json_scan *s)
{
	const uint8_t *first = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - first < JSON_SCAN_DIGITS_MAX)
		s->at++;
	size_t n = (size_t)(s->at - first);
	bool goes_on = s->at < s->end && strchr("0123456789.eE", *s->at) != NULL;
	return goes_on || (n > 1 && *first == '0') ? 0 : n;
}

#endif
