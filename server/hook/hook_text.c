#include "hook/hook_text.h"

#include <string.h>
#include <strings.h>

#define ASTERISK "\xE2\x88\x97" /* ∗, U+2217 */
#define TICK "\xCB\x8B"         /* ˋ, U+02CB */
#define ELLIPSIS "\xE2\x80\xA6" /* … */

static bool is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct text hook_text_of(const struct buf *b)
{
	return (struct text){.s = b->data ? (const char *)b->data : "", .n = b->len};
}

bool hook_text_is(struct text t, const char *word)
{
	return t.n == strlen(word) && memcmp(t.s, word, t.n) == 0;
}

struct text hook_text_trimmed(struct text t)
{
	while (t.n > 0 && is_white(t.s[0])) {
		t.s++;
		t.n--;
	}
	while (t.n > 0 && is_white(t.s[t.n - 1]))
		t.n--;
	return t;
}

size_t hook_text_cut(const char *s, size_t n, size_t most)
{
	if (n <= most)
		return n;
	while (most > 0 && ((uint8_t)s[most] & 0xC0) == 0x80)
		most--;
	return most;
}

/* ---- addresses ---- */

static bool begins_with(struct text t, const char *word)
{
	size_t n = strlen(word);
	return t.n > n && strncasecmp(t.s, word, n) == 0;
}

static bool begins_address(struct text t)
{
	return begins_with(t, "http://") || begins_with(t, "https://");
}

size_t hook_text_address_bytes(struct text t)
{
	size_t n = 0;

	if (!begins_address(t))
		return 0;
	while (n < t.n && !is_white(t.s[n]) && (uint8_t)t.s[n] >= 0x20 && t.s[n] != 0x7F && !strchr("<>\"", t.s[n]))
		n++;
	return n;
}

bool hook_text_is_address(struct text t)
{
	return t.n > 0 && hook_text_address_bytes(t) == t.n;
}

void hook_text_address(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.s[i] == '*')
			buf_append_str(out, "%2A");
		else if (t.s[i] == '`')
			buf_append_str(out, "%60");
		else
			buf_append_byte(out, (uint8_t)t.s[i]);
	}
}

void hook_text_link(struct buf *out, struct text label, struct text address)
{
	bool has_address = hook_text_is_address(address);
	/* What is the address but for its scheme says nothing more. */
	bool is_same = label.n <= address.n && memcmp(address.s + address.n - label.n, label.s, label.n) == 0 && label.n + 8 >= address.n;

	if (has_address && (label.n == 0 || is_same)) {
		hook_text_address(out, address);
		return;
	}
	buf_append(out, label.s, label.n);
	if (has_address) {
		buf_append_str(out, " (");
		hook_text_address(out, address);
		buf_append_byte(out, ')');
	}
}

/* ---- text ---- */

void hook_text_literal(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		size_t n_address = hook_text_address_bytes((struct text){.s = t.s + i, .n = t.n - i});

		if (n_address > 0) {
			hook_text_address(out, (struct text){.s = t.s + i, .n = n_address});
			i += n_address - 1;
		} else if (t.s[i] == '`') {
			buf_append_str(out, TICK);
		} else if (t.s[i] == '*') {
			buf_append_str(out, ASTERISK);
		} else {
			buf_append_byte(out, (uint8_t)t.s[i]);
		}
	}
}

void hook_text_line(struct buf *out, struct text t)
{
	auto_buf line = BUF_INIT;

	t = hook_text_trimmed(t);
	for (size_t i = 0; i < t.n && line.len <= HOOK_LINE_BYTES_MAX; i++)
		if (!is_white(t.s[i]) || !is_white(t.s[i - 1]))
			buf_append_byte(&line, is_white(t.s[i]) ? ' ' : (uint8_t)t.s[i]);
	struct text whole = hook_text_of(&line);
	if (line.len <= HOOK_LINE_BYTES_MAX) {
		hook_text_literal(out, whole);
		return;
	}
	if (hook_text_is_address(t)) {
		hook_text_address(out, t); /* half an address leads nowhere */
		return;
	}
	whole.n = hook_text_cut(whole.s, whole.n, HOOK_LINE_BYTES_MAX);
	hook_text_literal(out, hook_text_trimmed(whole));
	buf_append_str(out, ELLIPSIS);
}

void hook_text_marked(struct buf *out, struct text t, const char *mark)
{
	while (t.n > 0) {
		const char *end = memchr(t.s, '\n', t.n);
		struct text line = {.s = t.s, .n = end ? (size_t)(end - t.s) : t.n};
		struct text inner = hook_text_trimmed(line);
		size_t n_before = inner.n > 0 ? (size_t)(inner.s - line.s) : 0;

		buf_append(out, line.s, n_before);
		if (inner.n > 0) {
			buf_append_str(out, mark);
			buf_append(out, inner.s, inner.n);
			buf_append_str(out, mark);
		}
		buf_append(out, line.s + n_before + inner.n, line.n - n_before - inner.n);
		if (end)
			buf_append_byte(out, '\n');
		t.s += line.n + (end ? 1 : 0);
		t.n -= line.n + (end ? 1 : 0);
	}
}

/* Code cannot hold the mark that ends it. */
static void append_code(struct buf *out, struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.s[i] == '`')
			buf_append_str(out, TICK);
		else
			buf_append_byte(out, (uint8_t)t.s[i]);
	}
}

void hook_text_code(struct buf *out, struct text t)
{
	bool is_block = memchr(t.s, '\n', t.n) != NULL;

	if (hook_text_trimmed(t).n == 0)
		return;
	if (is_block)
		hook_text_break(out);
	buf_append_str(out, is_block ? "```\n" : "`");
	append_code(out, t);
	if (is_block && t.s[t.n - 1] != '\n')
		buf_append_byte(out, '\n');
	buf_append_str(out, is_block ? "```\n" : "`");
}

void hook_text_break(struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_append_byte(out, '\n');
}

void hook_text_part(struct buf *out, struct text part)
{
	struct text said = hook_text_trimmed(part);

	if (said.n > 0)
		hook_text_break(out);
	buf_append(out, said.s, said.n);
}
