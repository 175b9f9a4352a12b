#include "cmocka_wrap.h"

#include "net/accept/address.h"

#include <arpa/inet.h>
#include <string.h>

static struct peer_address address(const char *text)
{
	struct peer_address a;

	assert_true(address_parse(text, strlen(text), &a));
	return a;
}

static void assert_reads(const char *text, const char *as)
{
	char out[ADDRESS_TEXT_BYTES];
	struct peer_address a = address(text);

	address_format(&a, out);
	assert_string_equal(out, as);
}

static void reads_what_proxies_write(void **state)
{
	(void)state;
	assert_reads("192.0.2.1", "192.0.2.1");
	assert_reads(" 192.0.2.1:8080 ", "192.0.2.1");
	assert_reads("2001:DB8::1", "2001:db8::1");
	assert_reads("[2001:db8::1]:443", "2001:db8::1");
	assert_reads("::ffff:192.0.2.1", "192.0.2.1");
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = {"",
					  " ",
					  "unknown",
					  "192.0.2",
					  "192.0.2.256",
					  "[2001:db8::1",
					  "_hidden",
					  "1.2.3.4, 5.6.7.8",
					  "2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"};
	struct peer_address a;
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(address_parse(bad[i], strlen(bad[i]), &a));
}

static void counts_ipv6_by_its_64(void **state)
{
	struct peer_address a = address("2001:db8:1:2:3::4"), b = address("2001:db8:1:2:ffff::1"), c = address("2001:db8:1:3::4");
	struct peer_address v4 = address("192.0.2.1"), other_v4 = address("192.0.2.2");
	uint8_t ka[16], kb[16], kc[16];
	(void)state;

	address_key(&a, ka);
	address_key(&b, kb);
	address_key(&c, kc);
	assert_memory_equal(ka, kb, 16);
	assert_memory_not_equal(ka, kc, 16);
	address_key(&v4, ka);
	address_key(&other_v4, kb);
	assert_memory_not_equal(ka, kb, 16);
}

static struct net_network network(const char *text, unsigned n_bits)
{
	struct peer_address a = address(text);
	struct net_network n = {.n_bits = n_bits};

	memcpy(n.address, a.bytes, 16);
	return n;
}

static void networks_end_at_any_bit(void **state)
{
	struct net_network n = network("10.1.2.128", 96 + 25), all = network("0.0.0.0", 96), none = {.n_bits = 128};
	struct peer_address in = address("10.1.2.200"), out = address("10.1.2.127"), v6 = address("::a01:2c8"), one = address("::1");
	(void)state;

	assert_true(address_within(&in, &n));
	assert_false(address_within(&out, &n));
	assert_true(address_within(&out, &all));
	assert_false(address_within(&v6, &all));
	assert_false(address_within(&one, &none));
}

static void a_unix_peer_is_in_no_network_of_addresses(void **state)
{
	struct sockaddr sa = {.sa_family = AF_UNIX};
	struct peer_address unix_peer = address_of_sockaddr(&sa), one = address("::1");
	struct net_network unix_peers = {.n_bits = 128}, all = network("::", 0), most = network("::", 127);
	(void)state;

	assert_true(address_within(&unix_peer, &unix_peers));
	assert_false(address_within(&one, &unix_peers));
	assert_false(address_within(&unix_peer, &all));
	assert_false(address_within(&unix_peer, &most));
	assert_true(address_within(&one, &all));
}

static void takes_the_kernels_addresses(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr unix_peer = {.sa_family = AF_UNIX};
	char text[ADDRESS_TEXT_BYTES];
	(void)state;

	inet_pton(AF_INET, "198.51.100.3", &in.sin_addr);
	struct peer_address a = address_of_sockaddr((const struct sockaddr *)&in);
	address_format(&a, text);
	assert_string_equal(text, "198.51.100.3");
	a = address_of_sockaddr(&unix_peer);
	address_format(&a, text);
	assert_string_equal(text, "unix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_proxies_write),    cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(counts_ipv6_by_its_64),       cmocka_unit_test(networks_end_at_any_bit),
		cmocka_unit_test(takes_the_kernels_addresses), cmocka_unit_test(a_unix_peer_is_in_no_network_of_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
