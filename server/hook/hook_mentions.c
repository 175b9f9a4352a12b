#include "hook/hook_mentions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define THIN_SPACE "\xE2\x80\x8A" /* U+200A; a name never begins with a space, so no name follows the @ */

enum {
	MARKS_MOST = 500,    /* of a message; the page shows those after them as text */
	CUT_BYTES_MOST = 16, /* that a cut with its mark takes away below `most` */
	HOST_BYTES_MAX = 253,
};

struct silencer {
	struct text t;
	size_t most;
	size_t n_marks;   /* at most as many marks are before */
	bool is_lost;     /* it is no longer clear where the page sees code */
	bool has_no_ends; /* of fences, from here on */
};

static bool is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool begins_with(struct text t, const char *word)
{
	size_t n = strlen(word);
	return t.n > n && strncasecmp(t.s, word, n) == 0;
}

static struct text from(struct text t, size_t at)
{
	return (struct text){.s = t.s + at, .n = t.n - at};
}

/* ---- code ---- */

enum fence { FENCE_NONE, FENCE_BARE, FENCE_NAMED, FENCE_UNCLEAR };

static size_t line_bytes(struct text t)
{
	const char *end = t.n > 0 ? memchr(t.s, '\n', t.n) : NULL;
	return end ? (size_t)(end - t.s) : t.n;
}

/* The page trims what is white space in any script: lines with other than ASCII characters are not clear. */
static enum fence fence_of(struct text line)
{
	if (line.n < 3 || !memmem(line.s, line.n, "```", 3))
		return FENCE_NONE;
	for (size_t i = 0; i < line.n; i++)
		if ((uint8_t)line.s[i] & 0x80)
			return FENCE_UNCLEAR;
	while (line.n > 0 && is_white(line.s[line.n - 1]))
		line.n--;
	if (line.n < 3 || memcmp(line.s, "```", 3) != 0)
		return FENCE_NONE;
	for (size_t i = 3; i < line.n; i++)
		if (!is_letter_or_digit(line.s[i]) && !strchr("_+#.-", line.s[i]))
			return FENCE_NONE;
	return line.n == 3 ? FENCE_BARE : FENCE_NAMED;
}

/* How many bytes of fenced code begin with the line at t; 0: none. */
static size_t fenced_bytes(struct silencer *s, struct text t)
{
	size_t at = line_bytes(t);
	enum fence fence = fence_of((struct text){.s = t.s, .n = at});

	s->is_lost = s->is_lost || fence == FENCE_UNCLEAR;
	if (s->is_lost || s->has_no_ends || fence == FENCE_NONE)
		return 0;
	while (at < t.n) {
		struct text line = from(t, at + 1);
		line.n = line_bytes(line);
		fence = fence_of(line);
		at += 1 + line.n;
		if (fence == FENCE_BARE)
			return at;
		if (fence == FENCE_UNCLEAR)
			break;
	}
	s->is_lost = fence == FENCE_UNCLEAR;
	s->has_no_ends = true;
	return 0;
}

/* Whether the text has what turns the direction of writing. The page leaves it out before it looks, so that backticks that it parts come together. */
static bool has_controls(struct text t)
{
	for (size_t i = 0; i + 2 < t.n; i++)
		if (t.s[i] == '\xE2' && ((t.s[i + 1] == '\x80' && t.s[i + 2] >= '\xAA' && t.s[i + 2] <= '\xAE') ||
					 (t.s[i + 1] == '\x81' && t.s[i + 2] >= '\xA6' && t.s[i + 2] <= '\xA9')))
			return true;
	return false;
}

/* How many bytes of code on a line begin with the backtick at t; 0: none. */
static size_t ticked_bytes(struct silencer *s, struct text t)
{
	const char *end = t.n > 2 ? memchr(t.s + 2, '`', t.n - 2) : NULL;
	size_t n = end ? (size_t)(end - t.s) + 1 : 0;

	if (n > 0 && memchr(t.s, '\n', n))
		s->is_lost = true;
	return s->is_lost ? 0 : n;
}

/* How many bytes of code begin at `at`; 0: none that is surely taken for code. */
static size_t code_bytes(struct silencer *s, size_t at, size_t n_out)
{
	struct text rest = from(s->t, at);
	bool is_line = at == 0 || s->t.s[at - 1] == '\n';
	size_t n = s->is_lost || !is_line ? 0 : fenced_bytes(s, rest);

	if (n == 0 && !s->is_lost && rest.s[0] == '`')
		n = ticked_bytes(s, rest);
	if (n > 0 && (s->n_marks >= MARKS_MOST || n_out + n + CUT_BYTES_MOST > s->most))
		s->is_lost = true;
	return s->is_lost ? 0 : n;
}

/* ---- addresses ---- */

/* How many bytes of t are the name of a host that every reader of addresses takes; 0: none. */
static size_t host_bytes(struct text t)
{
	size_t n = 0, label = 0;

	while (n < t.n && n <= HOST_BYTES_MAX && (is_letter_or_digit(t.s[n]) || t.s[n] == '-' || t.s[n] == '.')) {
		bool is_dot = t.s[n] == '.';
		if ((is_dot || t.s[n] == '-') && n == label)
			return 0;
		if (!is_dot && n == label + 3 && t.s[n] == '-' && t.s[n - 1] == '-')
			return 0; /* a name in other letters, written in these */
		label = is_dot ? n + 1 : label;
		n++;
	}
	bool is_name = n > label && n <= HOST_BYTES_MAX && (t.s[label] | 0x20) >= 'a' && (t.s[label] | 0x20) <= 'z' && t.s[n - 1] != '-';
	return is_name ? n : 0;
}

static size_t port_bytes(struct text t)
{
	enum { DIGITS_MAX = 4 };
	size_t n = 1;

	if (t.n == 0 || t.s[0] != ':')
		return 0;
	while (n < t.n && t.s[n] >= '0' && t.s[n] <= '9')
		n++;
	return n > 1 && n <= 1 + DIGITS_MAX ? n : 0;
}

/* How many bytes of an address begin at `at`, of which every reader takes all for one address; 0: none. */
static size_t plain_address_bytes(const struct silencer *s, size_t at)
{
	struct text t = from(s->t, at);
	size_t n = begins_with(t, "https://") ? 8 : begins_with(t, "http://") ? 7 : 0;
	bool stands_alone = at == 0 || is_white(s->t.s[at - 1]) || strchr("(<\"", s->t.s[at - 1]);

	if (n == 0 || !stands_alone || s->n_marks >= MARKS_MOST)
		return 0;
	size_t n_host = host_bytes(from(t, n));
	if (n_host == 0)
		return 0;
	n += n_host;
	n += port_bytes(from(t, n));
	if (n == t.n || !strchr("/?#", t.s[n]))
		return 0;
	while (n < t.n && (is_letter_or_digit(t.s[n]) || (t.s[n] && strchr("-._~/?#&=%+:@!$',;", t.s[n]))))
		n++;
	return n;
}

/* ---- words ---- */

/* How many bytes at t are a sign that begins a mention (all that fold to @). */
static size_t at_sign_bytes(struct text t)
{
	if (t.s[0] == '@')
		return 1;
	return t.n >= 3 && (memcmp(t.s, "\xEF\xBC\xA0", 3) == 0 || memcmp(t.s, "\xEF\xB9\xAB", 3) == 0) ? 3 : 0;
}

/* What the next @ is a part of, up to the next white space. */
enum run { RUN_WORDS, RUN_ADDRESS, RUN_MAIL };

static enum run run_at(struct text t, enum run before)
{
	if (before == RUN_WORDS && begins_with(t, "mailto:"))
		return RUN_MAIL;
	if (begins_with(t, "http://") || begins_with(t, "https://"))
		return RUN_ADDRESS;
	return is_white(t.s[0]) || strchr("<>\"", t.s[0]) ? RUN_WORDS : before;
}

/* Appends the character at `at`, or its sign made harmless. Returns its bytes. */
static size_t append_word_byte(struct buf *out, struct text whole, size_t at, enum run *run)
{
	struct text rest = from(whole, at);
	size_t n_sign = at_sign_bytes(rest);
	/* "ann@example.org": a mention begins behind no letter. */
	bool is_in_word = n_sign == 1 && at > 0 && (is_letter_or_digit(whole.s[at - 1]) || whole.s[at - 1] == '_');

	*run = rest.s[0] == '\0' ? *run : run_at(rest, *run);
	if (n_sign == 1 && (*run == RUN_ADDRESS || (*run == RUN_MAIL && !is_in_word))) {
		buf_append_str(out, "%40");
	} else {
		buf_append(out, rest.s, n_sign > 0 ? n_sign : 1);
		if (n_sign > 0 && !is_in_word)
			buf_append_str(out, THIN_SPACE);
	}
	if (n_sign == 1 && *run == RUN_MAIL)
		*run = RUN_ADDRESS; /* the page's link may end before a second @ */
	return n_sign > 0 ? n_sign : 1;
}

static void count_marks(struct silencer *s, struct text t)
{
	for (size_t i = 0; i < t.n; i++)
		s->n_marks += t.s[i] == '*' || t.s[i] == '`' || t.s[i] == ':';
}

void hook_mentions_silence(struct buf *out, struct text t, size_t most)
{
	struct silencer s = {.t = t, .most = most, .is_lost = has_controls(t)};
	enum run run = RUN_WORDS;

	for (size_t i = 0; i < t.n;) {
		size_t n = code_bytes(&s, i, out->len);
		enum run behind = n > 0 ? RUN_WORDS : RUN_ADDRESS;

		if (n == 0)
			n = plain_address_bytes(&s, i);
		if (n > 0) {
			buf_append(out, t.s + i, n);
			run = behind;
		} else {
			n = append_word_byte(out, t, i, &run);
		}
		count_marks(&s, (struct text){.s = t.s + i, .n = n});
		i += n;
	}
}
