/*
 * SHA-1, base64 and the WebSocket handshake against the examples of their RFCs.
 */
#include "cmocka_wrap.h"

#include "client/base64.h"
#include "client/client_handshake.h"
#include "client/sha1.h"

#include <errno.h>
#include <string.h>

static void expect_sha1(const void *bytes, size_t n, const char *hex)
{
	uint8_t digest[SHA1_BYTES];
	char text[2 * SHA1_BYTES + 1];

	sha1_digest(bytes, n, digest);
	for (size_t i = 0; i < SHA1_BYTES; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, hex);
}

/* RFC 3174, section 7.3. */
static void sha1_gives_the_digests_of_the_rfc(void **state)
{
	static char million[1000000], tests[640];

	(void)state;
	expect_sha1("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
	expect_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	memset(million, 'a', sizeof million);
	expect_sha1(million, sizeof million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	for (size_t i = 0; i < sizeof tests; i++)
		tests[i] = (char)('0' + i % 8);
	expect_sha1(tests, sizeof tests, "dea356a2cddd90c7a7ecedc5ebb563934f460452");
	expect_sha1("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* The lengths around the place where the padding needs a block of its own, against values of sha1sum(1). */
static void sha1_pads_at_every_length(void **state)
{
	char text[64];

	(void)state;
	memset(text, 'x', sizeof text);
	expect_sha1(text, 55, "cef734ba81a024479e09eb5a75b6ddae62e6abf1");
	expect_sha1(text, 56, "901305367c259952f4e7af8323f480d59f81335b");
	expect_sha1(text, 63, "0ddc4e0cccd9a12850deb5abb0853a4425559fec");
	expect_sha1(text, 64, "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163");
}

/* RFC 4648, section 10. */
static void base64_gives_the_vectors_of_the_rfc(void **state)
{
	static const char *const vectors[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	char out[BASE64_SIZE(6)];

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		base64_encode((const uint8_t *)vectors[i][0], strlen(vectors[i][0]), out);
		assert_string_equal(out, vectors[i][1]);
	}
}

/* RFC 6455, section 1.3: the key "dGhlIHNhbXBsZSBub25jZQ==". */
static struct client_handshake sample(void)
{
	struct client_handshake h;

	client_handshake_init(&h, (const uint8_t *)"the sample nonce");
	return h;
}

static void handshake_makes_the_key_and_accept_of_the_rfc(void **state)
{
	struct client_handshake h = sample();

	(void)state;
	assert_string_equal(h.key, "dGhlIHNhbXBsZSBub25jZQ==");
	assert_string_equal(h.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static long check(const char *response)
{
	struct client_handshake h = sample();
	struct client_fault fault;

	return client_handshake_check(&h, (const uint8_t *)response, strlen(response), &fault);
}

#define HEAD "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void handshake_takes_a_right_response_and_leaves_what_follows(void **state)
{
	static const char right[] = HEAD ACCEPT "Sec-WebSocket-Protocol: parley.v1\r\n\r\n";

	(void)state;
	assert_int_equal(check(right), sizeof right - 1);
	assert_int_equal(check(HEAD ACCEPT "\r\n\x81\x05hello"), sizeof(HEAD ACCEPT "\r\n") - 1);
	assert_int_equal(check("HTTP/1.1 101 x\r\nupgrade:WebSocket\r\nCONNECTION: keep-alive, Upgrade \r\n" ACCEPT "\r\n"),
			 sizeof("HTTP/1.1 101 x\r\nupgrade:WebSocket\r\nCONNECTION: keep-alive, Upgrade \r\n" ACCEPT "\r\n") - 1);
}

static void handshake_waits_for_a_whole_head(void **state)
{
	static const char right[] = HEAD ACCEPT "\r\n";
	struct client_handshake h = sample();
	struct client_fault fault;

	(void)state;
	for (size_t n = 0; n < sizeof right - 1; n++)
		assert_int_equal(client_handshake_check(&h, (const uint8_t *)right, n, &fault), 0);
}

static void handshake_refuses_wrong_responses(void **state)
{
	(void)state;
	assert_int_equal(check("HTTP/1.1 403 Forbidden\r\n\r\n"), -EPROTO);
	assert_int_equal(check("garbage\r\n\r\n"), -EPROTO);
	assert_int_equal(check(HEAD "\r\n"), -EPROTO);
	assert_int_equal(check(HEAD "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n\r\n"), -EPROTO);
	assert_int_equal(check("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n" ACCEPT "\r\n"), -EPROTO);
	assert_int_equal(check("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" ACCEPT "\r\n"), -EPROTO);
	assert_int_equal(check(HEAD ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), -EPROTO);
	assert_int_equal(check(HEAD ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n"), -EPROTO);
}

static void handshake_bounds_a_head_without_end(void **state)
{
	static uint8_t endless[CLIENT_HANDSHAKE_HEAD_MAX];
	struct client_handshake h = sample();
	struct client_fault fault;

	(void)state;
	memset(endless, 'x', sizeof endless);
	assert_int_equal(client_handshake_check(&h, endless, sizeof endless - 1, &fault), 0);
	assert_int_equal(client_handshake_check(&h, endless, sizeof endless, &fault), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha1_gives_the_digests_of_the_rfc),
		cmocka_unit_test(sha1_pads_at_every_length),
		cmocka_unit_test(base64_gives_the_vectors_of_the_rfc),
		cmocka_unit_test(handshake_makes_the_key_and_accept_of_the_rfc),
		cmocka_unit_test(handshake_takes_a_right_response_and_leaves_what_follows),
		cmocka_unit_test(handshake_waits_for_a_whole_head),
		cmocka_unit_test(handshake_refuses_wrong_responses),
		cmocka_unit_test(handshake_bounds_a_head_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
