/*
 * {"type":"message.created","id":"…36…","timestamp":"…24…","room":"…36…","seq":N,"data":{ … "text":"STAMP INDEX …
 * A frame of another form takes the slow way, which only needs the members to be there.
 */
#include "cli/bench_wire.h"

#include <endian.h>
#include <string.h>

#define HEAD "{\"type\":\"message.created\",\"id\":\""
#define SEQ "\",\"seq\":"
#define TEXT "\"text\":\""

enum {
	HEAD_BYTES = sizeof HEAD - 1,
	ROOM_AT = HEAD_BYTES + 36 + sizeof "\",\"timestamp\":\"" - 1 + 24 + sizeof "\",\"room\":\"" - 1,
	SEQ_AT = ROOM_AT + 36,
	SEQ_BYTES = sizeof SEQ - 1,
	TEXT_BYTES = sizeof TEXT - 1,
	FAST_LEAST = SEQ_AT + SEQ_BYTES + 20,
};

/* Reads eight hexadecimal digits as bench_wire_mark() writes them: all digits at once, which are then joined in pairs. */
static uint64_t read_hex8(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	n = be64toh(n);
	n = (n & 0x0f0f0f0f0f0f0f0full) + (n >> 6 & 0x0101010101010101ull) * 9;
	n = (n | n >> 4) & 0x00ff00ff00ff00ffull;
	n = (n | n >> 8) & 0x0000ffff0000ffffull;
	return (n | n >> 16) & 0xffffffffull;
}

static void read_mark(const char *at, struct bench_seen *out)
{
	out->stamp = read_hex8(at) << 32 | read_hex8(at + 8);
	out->index = (uint32_t)read_hex8(at + 17);
}

void bench_wire_mark(char *out, uint64_t stamp, uint32_t index)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 16; i++)
		out[i] = digits[stamp >> (60 - 4 * i) & 15];
	out[16] = ' ';
	for (unsigned i = 0; i < 8; i++)
		out[17 + i] = digits[index >> (28 - 4 * i) & 15];
}

static const char *read_number(const char *at, const char *end, uint64_t *out)
{
	uint64_t value = 0;

	for (; at < end && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	*out = value;
	return at;
}

/* Returns the place behind `name` (a member with its colon), or NULL. */
static const char *find_member(const char *payload, size_t n, const char *name, size_t needs)
{
	size_t name_n = strlen(name);
	const char *at = memmem(payload, n, name, name_n);

	return at == NULL || (size_t)(payload + n - at) < name_n + needs ? NULL : at + name_n;
}

/* Finds room and seq at any place. */
static int read_place(const char *payload, size_t n, struct bench_seen *out)
{
	const char *room = find_member(payload, n, "\"room\":\"", 37), *seq = find_member(payload, n, "\"seq\":", 2);

	if (room == NULL || seq == NULL)
		return 0;
	out->room = room;
	(void)read_number(seq, payload + n, &out->seq);
	return 1;
}

static enum bench_frame read_event(const char *payload, size_t n, struct bench_seen *out)
{
	if (!read_place(payload, n, out))
		return BENCH_FRAME_OTHER; /* typing, room.gap, … */
	if (n < HEAD_BYTES || memcmp(payload, HEAD, 24) != 0)
		return BENCH_FRAME_EVENT;
	const char *text = find_member(payload, n, TEXT, BENCH_MARK_BYTES);
	if (text == NULL)
		return BENCH_FRAME_EVENT;
	read_mark(text, out);
	return BENCH_FRAME_MESSAGE;
}

static enum bench_frame read_ok(const char *payload, size_t n, struct bench_seen *out)
{
	const char *ref = find_member(payload, n, "\"ref\":\"", BENCH_MARK_BYTES + 1);

	if (ref == NULL || ref[16] != ' ' || ref[BENCH_MARK_BYTES] != '"' || !read_place(payload, n, out))
		return BENCH_FRAME_OTHER;
	read_mark(ref, out);
	return BENCH_FRAME_OK;
}

/* The texts of the load have one length, so they are equally far from the end. The text is looked for there, and then everywhere behind `after`. */
static const char *find_text(const char *payload, size_t n, const char *after, size_t *from_end)
{
	if (*from_end > TEXT_BYTES + BENCH_MARK_BYTES && *from_end <= (size_t)(payload + n - after) &&
	    memcmp(payload + n - *from_end, TEXT, TEXT_BYTES) == 0)
		return payload + n - *from_end + TEXT_BYTES;
	const char *text = find_member(after, (size_t)(payload + n - after), TEXT, BENCH_MARK_BYTES);
	if (text != NULL)
		*from_end = (size_t)(payload + n - text) + TEXT_BYTES;
	return text;
}

/* Reads a message in the form that Parley's encoder writes. */
static int read_fast(const char *payload, size_t n, struct bench_seen *out)
{
	if (n < FAST_LEAST || memcmp(payload, HEAD, HEAD_BYTES) != 0 || memcmp(payload + SEQ_AT, SEQ, SEQ_BYTES) != 0)
		return 0;
	const char *after = read_number(payload + SEQ_AT + SEQ_BYTES, payload + FAST_LEAST, &out->seq);
	const char *text = find_text(payload, n, after, &out->text_from_end);
	if (text == NULL)
		return 0;
	out->room = payload + ROOM_AT;
	read_mark(text, out);
	return 1;
}

enum bench_frame bench_wire_read(const char *payload, size_t n, struct bench_seen *out)
{
	if (read_fast(payload, n, out))
		return BENCH_FRAME_MESSAGE;
	*out = (struct bench_seen){.text_from_end = out->text_from_end};
	if (n < 16 || memcmp(payload, "{\"type\":\"", 9) != 0)
		return BENCH_FRAME_OTHER;
	if (memcmp(payload + 9, "ok\"", 3) == 0)
		return read_ok(payload, n, out);
	if (memcmp(payload + 9, "error\"", 6) == 0)
		return BENCH_FRAME_ERROR;
	return read_event(payload, n, out);
}
