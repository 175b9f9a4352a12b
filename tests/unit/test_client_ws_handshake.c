/* The key of a WebSocket handshake and its answer, against the example of RFC 6455 and the alphabet of RFC 4648. */
#include "cmocka_wrap.h"

#include "client/ws_handshake.h"

#include <string.h>

static void the_key_is_the_one_of_the_rfc(void **state)
{
	char key[WS_KEY_CHARS + 1];

	(void)state;
	ws_handshake_key((const uint8_t *)"the sample nonce", key);
	assert_string_equal(key, "dGhlIHNhbXBsZSBub25jZQ==");
}

static void the_answer_is_the_one_of_the_rfc(void **state)
{
	char accept[WS_ACCEPT_CHARS + 1];

	(void)state;
	ws_handshake_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* RFC 4648, section 4: 62 is '+' and 63 is '/', unlike in the alphabet for URLs. */
static void a_key_may_hold_plus_and_slash(void **state)
{
	static const uint8_t random[WS_KEY_BYTES] = {0xfb, 0xff, 0xbf, 0xfb, 0xff, 0xbf, 0xfb, 0xff,
						     0xbf, 0xfb, 0xff, 0xbf, 0xfb, 0xff, 0xbf, 0xfb};
	char key[WS_KEY_CHARS + 1];

	(void)state;
	ws_handshake_key(random, key);
	assert_string_equal(key, "+/+/+/+/+/+/+/+/+/+/+w==");
}

/* A server finds the key in the middle of a request's head. */
static void what_follows_a_key_is_not_read(void **state)
{
	char alone[WS_ACCEPT_CHARS + 1], followed[WS_ACCEPT_CHARS + 1];

	(void)state;
	ws_handshake_accept("+/+/+/+/+/+/+/+/+/+/+w==", alone);
	ws_handshake_accept("+/+/+/+/+/+/+/+/+/+/+w==\r\nOrigin: x", followed);
	assert_string_equal(alone, "M0DUs3om0SqzerhOhYSMM7WQuBQ=");
	assert_string_equal(followed, alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_the_one_of_the_rfc),
		cmocka_unit_test(the_answer_is_the_one_of_the_rfc),
		cmocka_unit_test(a_key_may_hold_plus_and_slash),
		cmocka_unit_test(what_follows_a_key_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
