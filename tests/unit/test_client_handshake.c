/*
 * The client's opening handshake against the examples of RFC 6455.
 */
#include "cmocka_wrap.h"

#include "client/client_handshake.h"

#include <errno.h>
#include <string.h>

/* RFC 6455, section 1.3: the key "dGhlIHNhbXBsZSBub25jZQ==". */
static struct client_handshake sample(void)
{
	struct client_handshake h;

	client_handshake_init(&h, (const uint8_t *)"the sample nonce");
	return h;
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
		cmocka_unit_test(handshake_takes_a_right_response_and_leaves_what_follows),
		cmocka_unit_test(handshake_waits_for_a_whole_head),
		cmocka_unit_test(handshake_refuses_wrong_responses),
		cmocka_unit_test(handshake_bounds_a_head_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
