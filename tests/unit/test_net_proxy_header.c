#include "cmocka_wrap.h"

#include "net/accept/proxy_header.h"

#include <string.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4_ADDRESSES "\xc0\x00\x02\x07\xc6\x33\x64\x01\x30\x39\x01\xbb" /* 192.0.2.7:12345 → 198.51.100.1:443 */
#define V6_SOURCE "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"
#define V6_ADDRESSES V6_SOURCE V6_SOURCE "\x30\x39\x01\xbb"

/* The header is read as this address (NULL: none) with any bytes behind it, and each part of it asks for more. */
static void assert_header(const uint8_t *bytes, size_t n, const char *address, bool ends_tls)
{
	uint8_t more[1024];
	char text[ADDRESS_TEXT_BYTES];
	struct proxy_header header;

	assert_true(n + 5 <= sizeof more);
	memcpy(more, bytes, n);
	memcpy(more + n, "GET /", 5);
	for (size_t part = 0; part < n; part++)
		assert_int_equal(proxy_header_read(more, part, &header), PROXY_HEADER_MORE);
	for (size_t behind = 0; behind <= 5; behind++) {
		assert_int_equal(proxy_header_read(more, n + behind, &header), PROXY_HEADER_WHOLE);
		assert_int_equal(header.n_bytes, n);
		assert_int_equal(header.has_address, address != NULL);
		assert_int_equal(header.ends_tls, ends_tls);
		address_format(&header.address, text);
		assert_string_equal(text, address != NULL ? address : "unix");
	}
}

static void assert_bad(const uint8_t *bytes, size_t n)
{
	struct proxy_header header;
	enum proxy_header_result result = proxy_header_read(bytes, n, &header);

	if (result != PROXY_HEADER_BAD)
		fail_msg("%.*s: %d", (int)n, (const char *)bytes, (int)result);
}

static void reads_lines(void **state)
{
	(void)state;
	assert_header(BYTES("PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\n"), "192.0.2.7", false);
	assert_header(BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255", false);
	assert_header(BYTES("PROXY TCP6 2001:db8::9 2001:db8::1 0 443\r\n"), "2001:db8::9", false);
	assert_header(BYTES("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 443\r\n"), "192.0.2.7", false);
	assert_header(BYTES("PROXY UNKNOWN\r\n"), NULL, false);
	/* the longest line that there is: 107 bytes */
	assert_header(
		BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		NULL, false);
}

static void refuses_other_lines(void **state)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\n",
		"proxy TCP4 192.0.2.7 198.51.100.1 12345 443\r\n",
		"PROXY\r\n",
		"PROXY \r\n",
		"PROXY TCP5 192.0.2.7 198.51.100.1 12345 443\r\n",
		"PROXY UNKNOWNS\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 12345\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 12345 443 1\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 12345 \r\n",
		"PROXY TCP4  192.0.2.7 198.51.100.1 12345 443\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 12345 65536\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 012 443\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n",
		"PROXY TCP4 192.0.2.256 198.51.100.1 12345 443\r\n",
		"PROXY TCP4 192.0.2.7 nowhere 12345 443\r\n",
		"PROXY TCP4 2001:db8::9 2001:db8::1 12345 443\r\n",
		"PROXY TCP6 192.0.2.7 198.51.100.1 12345 443\r\n",
	};
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_bad((const uint8_t *)bad[i], strlen(bad[i]));
	assert_bad(BYTES("PROXY UNKNOWN\0\r\n"));
	assert_bad(BYTES("PROXY TCP4 192.0.2.7\0 198.51.100.1 12345 443\r\n"));
}

static void refuses_a_line_without_end(void **state)
{
	uint8_t line[108];
	struct proxy_header header;
	(void)state;

	memset(line, ' ', sizeof line);
	memcpy(line, "PROXY UNKNOWN", 13);
	assert_int_equal(proxy_header_read(line, 106, &header), PROXY_HEADER_MORE);
	assert_bad(line, 107);
	memcpy(line + 106, "\r\n", 2); /* one byte too many */
	assert_bad(line, 108);
}

static void reads_binary(void **state)
{
	uint8_t unix_header[16 + 216] = SIGNATURE "\x21\x31\x00\xd8/client";
	(void)state;

	assert_header(BYTES(SIGNATURE "\x21\x11\x00\x0c" V4_ADDRESSES), "192.0.2.7", false);
	assert_header(BYTES(SIGNATURE "\x21\x21\x00\x24" V6_ADDRESSES), "2001:db8::9", false);
	assert_header(unix_header, sizeof unix_header, NULL, false);
	assert_header(BYTES(SIGNATURE "\x20\x00\x00\x00"), NULL, false);
	assert_header(BYTES(SIGNATURE "\x20\x11\x00\x0c" V4_ADDRESSES), NULL, false);
	assert_header(BYTES(SIGNATURE "\x21\x00\x00\x00"), NULL, false);
	assert_header(BYTES(SIGNATURE "\x21\x00\x00\x05what?"), NULL, false);
}

static void passes_over_extensions(void **state)
{
	(void)state;
	/* the name that was asked for, an empty one, a checksum */
	assert_header(BYTES(SIGNATURE "\x21\x11\x00\x1d" V4_ADDRESSES "\x02\x00\x04"
				      "chat"
				      "\x04\x00\x00\x03\x00\x04\x01\x02\x03\x04"),
		      "192.0.2.7", false);
	assert_header(BYTES(SIGNATURE "\x21\x11\x00\x14" V4_ADDRESSES "\x20\x00\x05\x01\x00\x00\x00\x00"), "192.0.2.7", true);
	assert_header(BYTES(SIGNATURE "\x21\x11\x00\x14" V4_ADDRESSES "\x20\x00\x05\x00\x00\x00\x00\x00"), "192.0.2.7", false);
}

static void refuses_other_binary(void **state)
{
	(void)state;
	assert_bad(BYTES("\r\n\r\n\0\r\nQUIX"));
	assert_bad(BYTES("\r\n\r\nGET"));
	assert_bad(BYTES(SIGNATURE "\x11\x11\x00\x0c" V4_ADDRESSES)); /* version 1 */
	assert_bad(BYTES(SIGNATURE "\x22\x11\x00\x0c" V4_ADDRESSES)); /* neither LOCAL nor PROXY */
	assert_bad(BYTES(SIGNATURE "\x21\x41\x00\x0c" V4_ADDRESSES)); /* no such family */
	assert_bad(BYTES(SIGNATURE "\x21\x12\x00\x0c" V4_ADDRESSES)); /* datagrams */
	assert_bad(BYTES(SIGNATURE "\x21\x11\x00\x0b" V4_ADDRESSES)); /* shorter than its addresses */
	assert_bad(BYTES(SIGNATURE "\x21\x21\x00\x0c" V4_ADDRESSES));
	assert_bad(BYTES(SIGNATURE "\x21\x11\x00\x0e" V4_ADDRESSES "\x04\x00"));         /* an extension cut off in its head, */
	assert_bad(BYTES(SIGNATURE "\x21\x11\x00\x10" V4_ADDRESSES "\x04\x00\x02x"));    /* in its value, */
	assert_bad(BYTES(SIGNATURE "\x21\x11\x00\x10" V4_ADDRESSES "\x20\x00\x01\x01")); /* too short for what it is */
}

static void bounds_the_announced_length(void **state)
{
	uint8_t bytes[PROXY_HEADER_BYTES_MAX] = SIGNATURE "\x20\x00\x02\x18"; /* 536 */
	struct proxy_header header;
	(void)state;

	assert_int_equal(proxy_header_read(bytes, sizeof bytes - 1, &header), PROXY_HEADER_MORE);
	assert_int_equal(proxy_header_read(bytes, sizeof bytes, &header), PROXY_HEADER_WHOLE);
	assert_int_equal(header.n_bytes, sizeof bytes);
	bytes[15]++;
	assert_bad(bytes, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines),
		cmocka_unit_test(refuses_other_lines),
		cmocka_unit_test(refuses_a_line_without_end),
		cmocka_unit_test(reads_binary),
		cmocka_unit_test(passes_over_extensions),
		cmocka_unit_test(refuses_other_binary),
		cmocka_unit_test(bounds_the_announced_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
