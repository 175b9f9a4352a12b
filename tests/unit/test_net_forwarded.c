#include "cmocka_wrap.h"

#include "net/http/forwarded.h"
#include "net/http/http_value.h"

#include <stdio.h>
#include <string.h>

enum { HEAD_BYTES = 16384 };

static struct peer_address address(const char *text)
{
	struct peer_address a;

	assert_true(address_parse(text, strlen(text), &a));
	return a;
}

static struct net_network network(const char *text, unsigned n_bits)
{
	struct peer_address a = address(text);
	struct net_network n = {.n_bits = n_bits};

	memcpy(n.address, a.bytes, 16);
	return n;
}

/* What 10.0.0.1 says with these lines; trusted are 10.0.0.0/8 and 2001:db8::/32. */
static struct forwarded said(const char *lines)
{
	struct net_network trusted[] = {network("10.0.0.0", 96 + 8), network("2001:db8::", 32)};
	struct peer_address peer = address("10.0.0.1");
	struct http_request r;
	struct forwarded out;
	static char head[HEAD_BYTES]; /* the request points into it */

	int n = snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", lines);
	assert_int_equal(http_request_read(head, (size_t)n, &r), HTTP_REQUEST_WHOLE);
	forwarded_read(&r, &peer, trusted, 2, &out);
	return out;
}

static void assert_client(const char *lines, const char *expected)
{
	struct forwarded out = said(lines);
	char text[ADDRESS_TEXT_BYTES];

	address_format(&out.address, text);
	assert_string_equal(text, expected);
}

static void the_client_is_the_last_who_is_no_trusted_proxy(void **state)
{
	(void)state;
	assert_client("X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7");
	assert_client("X-Forwarded-For: 192.0.2.66, 192.0.2.7\r\n", "192.0.2.7"); /* what the client itself wrote counts for nothing */
	assert_client("X-Forwarded-For: 192.0.2.66, 192.0.2.7, 10.1.1.1\r\n", "192.0.2.7");
	assert_client("X-Forwarded-For: 192.0.2.7,10.1.1.1,2001:db8::9\r\n", "192.0.2.7");
}

static void some_lines_are_one_list(void **state)
{
	(void)state;
	assert_client("X-Forwarded-For: 192.0.2.66\r\nX-Test: a\r\nx-forwarded-for: 192.0.2.7\r\n", "192.0.2.7");
	assert_client("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 10.1.1.1\r\nX-Forwarded-For: 10.1.1.2, 10.1.1.3\r\n", "192.0.2.7");
}

static void empty_elements_do_not_count(void **state)
{
	(void)state;
	assert_client("X-Forwarded-For: ,, 192.0.2.7 , ,\t,10.1.1.1, ,\r\nX-Forwarded-For:\r\nX-Forwarded-For: ,\r\n", "192.0.2.7");
}

static void ports_brackets_and_quotes_are_no_part_of_an_address(void **state)
{
	(void)state;
	assert_client("X-Forwarded-For: 192.0.2.7:4711\r\n", "192.0.2.7");
	assert_client("X-Forwarded-For: [2001:db9::7]:4711, \"10.1.1.1\"\r\n", "2001:db9::7");
	assert_client("X-Forwarded-For: \"[2001:db9::7]:4711\"\r\n", "2001:db9::7");
}

static void who_came_through_trusted_proxies_only_is_the_farthest_of_them(void **state)
{
	(void)state;
	assert_client("X-Forwarded-For: 10.1.1.1, 10.2.2.2\r\n", "10.1.1.1");
}

static void the_proxy_that_names_nobody_counts_as_the_client(void **state)
{
	static const char *const words[] = {"unknown", "_hidden", "_SEVKISEK", "nonsense", "unix:", "\"\"", "\"", "1.2.3", "[2001:db8::1"};
	char lines[200];
	(void)state;

	assert_client("", "10.0.0.1");
	assert_client("X-Forwarded-For:\r\n", "10.0.0.1");
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		(void)snprintf(lines, sizeof lines, "X-Forwarded-For: 192.0.2.7, %s\r\n", words[i]);
		assert_client(lines, "10.0.0.1");
		(void)snprintf(lines, sizeof lines, "X-Forwarded-For: 192.0.2.7, %s, 10.1.1.1\r\n", words[i]);
		assert_client(lines, "10.1.1.1");
	}
}

static void a_quote_that_a_client_opens_hides_no_proxys_word(void **state)
{
	(void)state;
	assert_client("X-Forwarded-For: \", 192.0.2.7\r\n", "192.0.2.7");
	assert_client("X-Forwarded-For: \"192.0.2.66, 192.0.2.7\"\r\n", "10.0.0.1");
}

static void other_headers_say_nothing(void **state)
{
	(void)state;
	assert_client("Forwarded: for=192.0.2.7;proto=https\r\nX-Real-IP: 192.0.2.8\r\nX-Forwarded-Forx: 192.0.2.9\r\n", "10.0.0.1");
	assert_int_equal(said("Forwarded: for=192.0.2.7;proto=https\r\n").proto, FORWARDED_UNTOLD);
}

static void a_chain_longer_than_all_that_is_read_ends_there(void **state)
{
	char lines[HEAD_BYTES - 100] = "X-Forwarded-For: 192.0.2.7";
	size_t n = strlen(lines);
	(void)state;

	for (int i = 0; i < FORWARDED_HOPS_MAX - 1; i++)
		n += (size_t)snprintf(lines + n, sizeof lines - n, ", 10.1.1.%d", i);
	memcpy(lines + n, "\r\n", 3);
	assert_client(lines, "192.0.2.7");
	n += strlen("\r\n");
	n += (size_t)snprintf(lines + n, sizeof lines - n, "X-Forwarded-For: 10.2.2.2\r\n");
	assert_client(lines, "10.1.1.0");
}

static void assert_proto(enum forwarded_proto expected, const char *lines)
{
	assert_int_equal(said(lines).proto, expected);
}

static void https_and_wss_are_tls_in_any_case(void **state)
{
	(void)state;
	assert_proto(FORWARDED_TLS, "X-Forwarded-Proto: https\r\n");
	assert_proto(FORWARDED_TLS, "X-Forwarded-Proto: HTTPS\r\n");
	assert_proto(FORWARDED_TLS, "X-Forwarded-Proto: wss\r\n");
	assert_proto(FORWARDED_TLS, "X-Forwarded-Proto: \"Wss\"\r\n");
	assert_proto(FORWARDED_PLAIN, "X-Forwarded-Proto: http\r\n");
	assert_proto(FORWARDED_PLAIN, "X-Forwarded-Proto: WS\r\n");
	assert_proto(FORWARDED_UNTOLD, "X-Forwarded-Proto: httpss\r\n");
	assert_proto(FORWARDED_UNTOLD, "X-Forwarded-Proto: \r\n");
	assert_proto(FORWARDED_UNTOLD, "");
}

static void the_proto_beside_the_client_counts(void **state)
{
	(void)state;
	/* client, outer proxy */
	assert_proto(FORWARDED_TLS, "X-Forwarded-For: 192.0.2.7, 10.1.1.1\r\nX-Forwarded-Proto: https, http\r\n");
	assert_proto(FORWARDED_PLAIN, "X-Forwarded-For: 192.0.2.7, 10.1.1.1\r\nX-Forwarded-Proto: http, https\r\n");
	assert_proto(FORWARDED_TLS, "X-Forwarded-For: 192.0.2.7, 10.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n");
	/* The first of each is the client's own word. */
	assert_proto(FORWARDED_PLAIN, "X-Forwarded-For: 192.0.2.66, 192.0.2.7\r\nX-Forwarded-Proto: https, http\r\n");
	/* Its address is unknown, not what it spoke. */
	assert_proto(FORWARDED_TLS, "X-Forwarded-For: unknown, 10.1.1.1\r\nX-Forwarded-Proto: https, http\r\n");
}

static void a_list_of_another_length_is_read_from_its_first(void **state)
{
	(void)state;
	assert_proto(FORWARDED_TLS, "X-Forwarded-Proto: https, http, http\r\n");
	assert_proto(FORWARDED_TLS, "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: ,https,http\r\n");
	assert_proto(FORWARDED_TLS, "X-Forwarded-For: 192.0.2.66, 192.0.2.7, 10.1.1.1\r\nX-Forwarded-Proto: https\r\n");
	assert_proto(FORWARDED_PLAIN, "X-Forwarded-Proto: http, https\r\n");
}

static void assert_host(const char *text, const char *name, unsigned port)
{
	struct http_host host = http_value_host((struct http_text){text, strlen(text)});

	assert_int_equal(host.name.n, strlen(name));
	assert_memory_equal(host.name.s, name, host.name.n);
	assert_int_equal(host.port, port);
}

static void a_host_and_its_port_are_told_apart(void **state)
{
	(void)state;
	assert_host("chat.example", "chat.example", 0);
	assert_host("chat.example:", "chat.example", 0);
	assert_host("chat.example:8443", "chat.example", 8443);
	assert_host("chat.example:0443", "chat.example", 443);
	assert_host("chat.example:99999", "chat.example", 99999);
	assert_host("192.0.2.7:80", "192.0.2.7", 80);
	assert_host("[::1]", "[::1]", 0);
	assert_host("[2001:db8::1]:8080", "[2001:db8::1]", 8080);
	assert_host("", "", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_is_the_last_who_is_no_trusted_proxy),
		cmocka_unit_test(some_lines_are_one_list),
		cmocka_unit_test(empty_elements_do_not_count),
		cmocka_unit_test(ports_brackets_and_quotes_are_no_part_of_an_address),
		cmocka_unit_test(who_came_through_trusted_proxies_only_is_the_farthest_of_them),
		cmocka_unit_test(the_proxy_that_names_nobody_counts_as_the_client),
		cmocka_unit_test(a_quote_that_a_client_opens_hides_no_proxys_word),
		cmocka_unit_test(other_headers_say_nothing),
		cmocka_unit_test(a_chain_longer_than_all_that_is_read_ends_there),
		cmocka_unit_test(https_and_wss_are_tls_in_any_case),
		cmocka_unit_test(the_proto_beside_the_client_counts),
		cmocka_unit_test(a_list_of_another_length_is_read_from_its_first),
		cmocka_unit_test(a_host_and_its_port_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
