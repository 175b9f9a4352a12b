/*
 * The instruments of the load generator: a histogram and the reader of frames.
 */
#include "cmocka_wrap.h"

#include "cli/bench_histogram.h"
#include "cli/bench_wire.h"
#include "codec/event_encode.h"
#include "codec/reply_encode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void histogram_is_within_its_error(void **state)
{
	struct bench_histogram *h = calloc(1, sizeof *h);

	(void)state;
	assert_true(bench_histogram_ms(h, 0.99) == 0);
	for (uint64_t us = 1; us <= 100000; us++)
		bench_histogram_add(h, us * 1000);
	assert_int_equal(h->n, 100000);
	assert_true(fabs(bench_histogram_ms(h, 0.5) / 50.0 - 1) < 1.0 / 64);
	assert_true(fabs(bench_histogram_ms(h, 0.99) / 99.0 - 1) < 1.0 / 64);
	assert_true(bench_histogram_ms(h, 1) <= bench_histogram_max_ms(h));
	assert_true(bench_histogram_max_ms(h) == 100);
	free(h);
}

static void histogram_takes_every_size(void **state)
{
	struct bench_histogram *h = calloc(1, sizeof *h);

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		bench_histogram_add(h, 1ull << bit);
	assert_int_equal(h->n, 64);
	assert_true(h->max == 1ull << 63);
	/* Half of them are below 2^32 ns. */
	assert_true(fabs(bench_histogram_ms(h, 0.5) / ((double)(1ull << 32) / 1e6) - 1) < 1.0 / 32);
	free(h);
}

static const struct uid room = {{0xAB, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}, id = {{7}};
static const char room_text[] = "ab010203-0405-0607-0809-0a0b0c0d0e0f";

static void event(struct buf *out, enum event_type type, uint64_t seq, const char *data)
{
	event_encode(out, type, &id, 1769860800123, &room, seq, data, strlen(data));
}

static enum bench_frame read_buf(const struct buf *b, struct bench_seen *seen)
{
	return bench_wire_read((const char *)b->data, b->len, seen);
}

/* The mark of a message, in an event made by Parley's own encoder. */
static void wire_reads_messages_of_the_encoder(void **state)
{
	char mark[BENCH_MARK_BYTES];
	struct bench_seen seen = {0}; /* the place of the last text is kept, right or wrong */

	(void)state;
	bench_wire_mark(mark, 0x0123456789abcdefull, 0xfedc0042u);
	for (size_t i = 0; i < 4; i++) {
		for (uint64_t seq = 1; seq < 1ull << 53; seq = seq * 7 + 3) {
			auto_buf b = BUF_INIT;
			char data[200];
			(void)snprintf(data, sizeof data,
				       i % 2 == 0 ? "{\"text\":\"%.25s and more\",\"author\":{\"name\":\"a\"}}"
						  : "{\"author\":{\"id\":\"b\",\"name\":\"text\",\"kind\":\"guest\"},\"text\":\"%.25s\"}",
				       mark);
			event(&b, EVENT_MESSAGE_CREATED, seq, data);
			seen.stamp = seen.index = 0;
			assert_int_equal(read_buf(&b, &seen), BENCH_FRAME_MESSAGE);
			assert_memory_equal(seen.room, room_text, 36);
			assert_true(seen.seq == seq);
			assert_true(seen.stamp == 0x0123456789abcdefull);
			assert_true(seen.index == 0xfedc0042u);
		}
	}
}

static void wire_reads_other_events_and_passes_over_the_rest(void **state)
{
	auto_buf joined = BUF_INIT, typing = BUF_INIT;
	struct bench_seen seen = {0};

	(void)state;
	event(&joined, EVENT_MEMBER_JOINED, 9, "{\"user\":{}}");
	assert_int_equal(read_buf(&joined, &seen), BENCH_FRAME_EVENT);
	assert_true(seen.seq == 9);
	assert_memory_equal(seen.room, room_text, 36);
	event_encode(&typing, EVENT_TYPING, NULL, 1, &room, 0, "{}", 2);
	assert_int_equal(read_buf(&typing, &seen), BENCH_FRAME_OTHER);
	assert_int_equal(bench_wire_read("{}", 2, &seen), BENCH_FRAME_OTHER);
	assert_int_equal(bench_wire_read("", 0, &seen), BENCH_FRAME_OTHER);
}

static void wire_reads_replies_of_the_encoder(void **state)
{
	auto_buf ok = BUF_INIT, error = BUF_INIT, other = BUF_INIT;
	struct reply_ref ref = {.n = BENCH_MARK_BYTES}, number = {.text = "7", .n = 1, .is_number = true};
	struct bench_seen seen = {0};
	char data[200];

	(void)state;
	bench_wire_mark(ref.text, 77, 8);
	(void)snprintf(data, sizeof data, "{\"room\":\"%s\",\"seq\":42,\"id\":\"x\"}", room_text);
	reply_encode_ok(&ok, &ref, data, strlen(data));
	assert_int_equal(read_buf(&ok, &seen), BENCH_FRAME_OK);
	assert_true(seen.seq == 42 && seen.stamp == 77 && seen.index == 8);
	reply_encode_error(&error, &ref, WIRE_RATE_LIMITED, NULL, 5);
	assert_int_equal(read_buf(&error, &seen), BENCH_FRAME_ERROR);
	reply_encode_ok(&other, &number, data, strlen(data));
	assert_int_equal(read_buf(&other, &seen), BENCH_FRAME_OTHER);
}

/* Every cut of a frame: nothing is read past its end (seen by the sanitizers). */
static void wire_reads_nothing_past_the_end(void **state)
{
	auto_buf whole = BUF_INIT;

	(void)state;
	event(&whole, EVENT_MESSAGE_CREATED, 123456, "{\"text\":\"0123456789abcdef 01234567\"}");
	for (size_t n = 0; n < whole.len; n++) {
		struct bench_seen seen = {.text_from_end = n * 7 % (whole.len + 9)};
		char *cut = malloc(n + 1);
		memcpy(cut, whole.data, n);
		(void)bench_wire_read(cut, n, &seen);
		char *exact = realloc(cut, n == 0 ? 1 : n);
		(void)bench_wire_read(exact, n, &seen);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histogram_is_within_its_error),      cmocka_unit_test(histogram_takes_every_size),
		cmocka_unit_test(wire_reads_messages_of_the_encoder), cmocka_unit_test(wire_reads_other_events_and_passes_over_the_rest),
		cmocka_unit_test(wire_reads_replies_of_the_encoder),  cmocka_unit_test(wire_reads_nothing_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
