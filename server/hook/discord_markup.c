#include "hook/discord_markup.h"

#include "hook/hook_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ANGLE_BYTES_MAX = 2100, /* an address between angle brackets */
	LABEL_BYTES_MAX = 500,
	SECONDS_DIGITS_MAX = 12,
};

/* Where this byte is next, before a line break, what opens (so that no text is looked through again from each), and too far away. NULL: it is not. */
static const char *find_end(struct text t, char open, char end, size_t most)
{
	for (size_t i = 0; i < t.n && i < most && t.s[i] != '\n' && t.s[i] != open; i++)
		if (t.s[i] == end)
			return t.s + i;
	return NULL;
}

static struct text behind(struct text t, size_t n)
{
	return (struct text){.s = t.s + n, .n = t.n - n};
}

/* "t:1700000000:R" */
static bool append_time(struct buf *out, struct text t)
{
	char digits[SECONDS_DIGITS_MAX + 1] = "", shown[sizeof "12345-01-31 12:00 UTC"];
	size_t n = t.n > 2 ? strspn(t.s + 2, "0123456789") : 0;
	struct tm parts;

	if (n == 0 || n > SECONDS_DIGITS_MAX)
		return false;
	memcpy(digits, t.s + 2, n);
	time_t seconds = (time_t)strtoll(digits, NULL, 10);
	if (gmtime_r(&seconds, &parts) == NULL || strftime(shown, sizeof shown, "%Y-%m-%d %H:%M UTC", &parts) == 0)
		return false;
	buf_append_str(out, shown);
	return true;
}

static bool append_inside(struct buf *out, struct text t)
{
	const char *colon = t.n > 2 ? memchr(t.s + 2, ':', t.n - 2) : NULL;

	if (hook_text_is_address(t)) {
		hook_text_address(out, t);
		return true;
	}
	if (t.n > 1 && (t.s[0] == '@' || t.s[0] == '#')) {
		size_t skip = t.s[1] == '!' || t.s[1] == '&' ? 2 : 1;

		buf_append_byte(out, (uint8_t)t.s[0]);
		hook_text_literal(out, (struct text){.s = t.s + skip, .n = t.n - skip});
		return true;
	}
	if (t.n > 2 && memcmp(t.s, "t:", 2) == 0)
		return append_time(out, t);
	if (colon == NULL || (t.s[0] != ':' && memcmp(t.s, "a:", 2) != 0))
		return false;
	size_t from = t.s[0] == ':' ? 0 : 1;
	hook_text_literal(out, (struct text){.s = t.s + from, .n = (size_t)(colon - t.s) - from + 1});
	return true;
}

/* Each of these appends what stands at t and returns how many bytes it takes; 0: it is none of them. */
static size_t append_angle(struct buf *out, struct text t)
{
	const char *end = t.s[0] == '<' ? find_end(behind(t, 1), '<', '>', ANGLE_BYTES_MAX) : NULL;

	if (end == NULL || !append_inside(out, (struct text){.s = t.s + 1, .n = (size_t)(end - t.s) - 1}))
		return 0;
	return (size_t)(end - t.s) + 1;
}

static size_t append_link(struct buf *out, struct text t)
{
	const char *middle = t.s[0] == '[' ? find_end(behind(t, 1), '[', ']', LABEL_BYTES_MAX) : NULL, *end;
	struct text label, address;

	if (middle == NULL || middle + 1 == t.s + t.n || middle[1] != '(')
		return 0;
	address = behind(t, (size_t)(middle + 2 - t.s));
	end = find_end(address, '[', ')', ANGLE_BYTES_MAX);
	if (end == NULL)
		return 0;
	address.n = (size_t)(end - address.s);
	if (!hook_text_is_address(address))
		return 0;
	label = (struct text){.s = t.s + 1, .n = (size_t)(middle - t.s) - 1};
	hook_text_link(out, label, address);
	return (size_t)(end - t.s) + 1;
}

/* The code at t with its ticks; nothing in it is markup. */
static size_t code_bytes(struct text t)
{
	size_t n_ticks = 1;
	const char *end;

	while (n_ticks < 3 && n_ticks < t.n && t.s[n_ticks] == '`')
		n_ticks++;
	end = t.n > 2 * n_ticks ? memmem(t.s + n_ticks, t.n - n_ticks, "```", n_ticks) : NULL;
	return end ? (size_t)(end - t.s) + n_ticks : 0;
}

void discord_markup_append(struct buf *out, struct text t)
{
	bool has_ticks = true;

	for (size_t i = 0; i < t.n;) {
		struct text rest = {.s = t.s + i, .n = t.n - i};
		size_t n = rest.s[0] == '`' && has_ticks ? code_bytes(rest) : 0;

		if (rest.s[0] == '`' && n == 0)
			has_ticks = false;
		if (n > 0)
			buf_append(out, rest.s, n);
		else if ((n = append_angle(out, rest)) == 0)
			n = append_link(out, rest);
		if (n == 0) {
			buf_append_byte(out, (uint8_t)rest.s[0]);
			n = 1;
		}
		i += n;
	}
}
