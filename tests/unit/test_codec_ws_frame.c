/* RFC 6455 section 5. */
#include "cmocka_wrap.h"

#include "codec/ws_frame.h"

#include <errno.h>
#include <string.h>

static void text_headers_have_the_shortest_length(void **state)
{
	static const struct {
		uint64_t n;
		size_t header_bytes;
		uint8_t header[10];
	} cases[] = {
		{0, 2, {0x81, 0}},
		{125, 2, {0x81, 125}},
		{126, 4, {0x81, 126, 0, 126}},
		{65535, 4, {0x81, 126, 0xff, 0xff}},
		{65536, 10, {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
		{0x0102030405060708, 10, {0x81, 127, 1, 2, 3, 4, 5, 6, 7, 8}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t out[WS_FRAME_HEADER_MAX];
		struct ws_frame f;

		assert_int_equal(ws_frame_text_header(out, cases[i].n), cases[i].header_bytes);
		assert_memory_equal(out, cases[i].header, cases[i].header_bytes);
		assert_int_equal(ws_frame_read_header(out, cases[i].header_bytes, &f), 1);
		assert_int_equal(f.payload_bytes, cases[i].n);
		assert_int_equal(f.header_bytes, cases[i].header_bytes);
		assert_int_equal(f.opcode, WS_OP_TEXT);
		assert_int_equal(f.fin, 1);
		assert_int_equal(f.masked, 0);
	}
}

/* Section 5.7: a single-frame masked text message, "Hello". */
static void reads_the_example_of_the_rfc(void **state)
{
	uint8_t bytes[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
	struct ws_frame f;

	(void)state;
	assert_int_equal(ws_frame_read_header(bytes, sizeof(bytes), &f), 1);
	assert_int_equal(f.header_bytes, 6);
	assert_int_equal(f.payload_bytes, 5);
	assert_int_equal(f.masked, 1);
	ws_frame_mask(bytes + 6, 5, f.mask, 0);
	assert_memory_equal(bytes + 6, "Hello", 5);
}

static void asks_for_more_until_the_header_is_whole(void **state)
{
	static const uint8_t bytes[] = {0x02, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 9, 8, 7, 6};
	struct ws_frame f;

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++)
		assert_int_equal(ws_frame_read_header(bytes, n, &f), 0);
	assert_int_equal(ws_frame_read_header(bytes, sizeof(bytes), &f), 1);
	assert_int_equal(f.payload_bytes, 65536);
	assert_int_equal(f.fin, 0);
	assert_int_equal(f.opcode, WS_OP_BINARY);
	assert_memory_equal(f.mask, bytes + 10, 4);
}

static void reserved_bits_are_told(void **state)
{
	static const uint8_t bytes[] = {0xD1, 0};
	struct ws_frame f;

	(void)state;
	assert_int_equal(ws_frame_read_header(bytes, 2, &f), 1);
	assert_int_equal(f.rsv, 5);
}

static void refuses_what_can_never_be_a_frame(void **state)
{
	static const struct {
		uint8_t bytes[10];
		size_t n;
	} cases[] = {
		{{0x81, 126, 0, 125}, 4},                        /* not the shortest form */
		{{0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 10}, /* nor this */
		{{0x81, 127, 0x80, 0, 0, 0, 0, 1, 0, 0}, 10},    /* the top bit */
		{{0x89, 126, 0, 126}, 4},                        /* a ping over 125 bytes */
		{{0x88, 127}, 2},                                /* a close frame, seen before its length is there */
		{{0x09, 0}, 2},                                  /* a ping in fragments */
	};
	struct ws_frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(ws_frame_read_header(cases[i].bytes, cases[i].n, &f), -EPROTO);
}

static void masks_from_any_offset(void **state)
{
	static const uint8_t mask[4] = {0x11, 0x22, 0x44, 0x88};
	uint8_t whole[61], pieces[61];

	(void)state;
	for (size_t i = 0; i < sizeof(whole); i++)
		whole[i] = (uint8_t)(i * 3);
	for (size_t cut = 0; cut <= sizeof(whole); cut++) {
		memcpy(pieces, whole, sizeof(whole));
		ws_frame_mask(pieces, cut, mask, 0);
		ws_frame_mask(pieces + cut, sizeof(pieces) - cut, mask, cut);
		for (size_t i = 0; i < sizeof(whole); i++)
			assert_int_equal(pieces[i], whole[i] ^ mask[i % 4]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_headers_have_the_shortest_length),   cmocka_unit_test(reads_the_example_of_the_rfc),
		cmocka_unit_test(asks_for_more_until_the_header_is_whole), cmocka_unit_test(reserved_bits_are_told),
		cmocka_unit_test(refuses_what_can_never_be_a_frame),       cmocka_unit_test(masks_from_any_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
