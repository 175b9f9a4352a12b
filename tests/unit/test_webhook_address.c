#include "cmocka_wrap.h"

#include "webhook/webhook_address.h"
#include "webhook/webhook_target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const struct webhook_policy nothing = {NULL, 0};

static void set_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	*out = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(out, &in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(out, &in6, sizeof(in6));
	else
		fail_msg("%s is no address", text);
}

static bool allowed(const struct webhook_policy *policy, const char *text, uint16_t port)
{
	struct sockaddr_storage address;
	set_address(text, port, &address);
	return webhook_address_allowed(policy, (struct sockaddr *)&address, NULL);
}

static struct webhook_allow network(const char *text, unsigned n_bits)
{
	struct webhook_allow out = {.n_bits = n_bits};
	if (inet_pton(AF_INET, text, out.address + 12) == 1) {
		memset(out.address + 10, 0xff, 2);
		out.n_bits += 96;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, out.address), 1);
	}
	return out;
}

/* The first and the last address of each range. */
static const char *const refused[] = {
	"0.0.0.0",
	"0.255.255.255",
	"10.0.0.0",
	"10.255.255.255",
	"100.64.0.0",
	"100.127.255.255",
	"127.0.0.1",
	"127.255.255.255",
	"168.63.129.16",
	"169.254.0.0",
	"169.254.169.254",
	"169.254.255.255",
	"172.16.0.0",
	"172.31.255.255",
	"192.0.0.0",
	"192.0.0.255",
	"192.0.2.0",
	"192.0.2.255",
	"192.88.99.0",
	"192.88.99.255",
	"192.168.0.0",
	"192.168.255.255",
	"198.18.0.0",
	"198.19.255.255",
	"198.51.100.0",
	"198.51.100.255",
	"203.0.113.0",
	"203.0.113.255",
	"224.0.0.0",
	"239.255.255.255",
	"240.0.0.0",
	"255.255.255.255",
	"::",
	"::1",
	"::8.8.8.8",
	"fc00::",
	"fdff:ffff::1",
	"fd00:ec2::254",
	"fe80::1",
	"febf::1",
	"fec0::1",
	"ff02::1",
	"ffff::1",
	"2001:db8::1",
	"2001::1",
	"2001:1ff:ffff::1",
	"2002::1",
	"2002:808:808::1",
	"2002:7f00:1::1",
	"64:ff9b::808:808",
	"64:ff9b::7f00:1",
	"64:ff9b:1::1",
	"64:ff9b:1:ffff::1",
	"100::1",
	"100::ffff:0:0:1",
	"3fff::1",
	"3fff:fff:ffff::1",
	"4000::1",
	"5f00::1",
	"::ffff:127.0.0.1",
	"::ffff:10.0.0.1",
	"::ffff:169.254.169.254",
	"::ffff:0.0.0.0",
	"::ffff:0:7f00:1",
};
static const char *const public[] = {
	"1.0.0.0",     "8.8.8.8",          "9.255.255.255", "11.0.0.0",        "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
	"128.0.0.0",   "168.63.129.15",    "168.63.129.17", "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
	"192.0.1.0",   "192.0.3.0",        "192.88.98.255", "192.88.100.0",    "192.167.255.255", "192.169.0.0",     "198.17.255.255",
	"198.20.0.0",  "198.51.99.255",    "198.51.101.0",  "203.0.112.255",   "203.0.114.0",     "223.255.255.255", "::ffff:8.8.8.8",
	"2001:200::1", "2001:db7:ffff::1", "2001:db9::1",   "2003::1",         "2606:4700::1111", "3ffe::1",         "3fff:1000::1",
};

static void each_special_range_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (allowed(&nothing, refused[i], 443))
			fail_msg("%s is let through", refused[i]);
	}
}

static void what_is_beside_them_is_let_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
		if (!allowed(&nothing, public[i], 443))
			fail_msg("%s is refused", public[i]);
	}
}

static void ports_of_other_protocols_are_refused(void **state)
{
	(void)state;
	static const uint16_t good[] = {80, 443, 1024, 8443, 65535}, bad[] = {0, 1, 22, 25, 79, 81, 442, 444, 1023};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(allowed(&nothing, "8.8.8.8", good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(allowed(&nothing, "8.8.8.8", bad[i]));
}

static void other_families_and_zones_are_refused(void **state)
{
	(void)state;
	struct sockaddr_storage unix_socket = {.ss_family = AF_UNIX};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(443), .sin6_scope_id = 1};
	assert_false(webhook_address_allowed(&nothing, (struct sockaddr *)&unix_socket, NULL));
	assert_int_equal(inet_pton(AF_INET6, "2606:4700::1111", &in6.sin6_addr), 1);
	assert_false(webhook_address_allowed(&nothing, (struct sockaddr *)&in6, NULL));
}

static void the_machine_s_own_addresses_are_refused(void **state)
{
	(void)state;
	struct sockaddr_storage own[2], peer;
	struct ifaddrs second = {.ifa_addr = (struct sockaddr *)&own[1]}, none = {.ifa_next = &second},
		       first = {.ifa_next = &none, .ifa_addr = (struct sockaddr *)&own[0]};
	set_address("8.8.8.8", 0, &own[0]);
	set_address("2606:4700::1111", 0, &own[1]);
	static const char *const refused_now[] = {"8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111"};
	for (size_t i = 0; i < sizeof(refused_now) / sizeof(refused_now[0]); i++) {
		set_address(refused_now[i], 443, &peer);
		assert_false(webhook_address_allowed(&nothing, (struct sockaddr *)&peer, &first));
	}
	set_address("8.8.4.4", 443, &peer);
	assert_true(webhook_address_allowed(&nothing, (struct sockaddr *)&peer, &first));
	struct webhook_allow allow = network("8.8.8.8", 32);
	set_address("8.8.8.8", 443, &peer);
	assert_true(webhook_address_allowed(&(struct webhook_policy){&allow, 1}, (struct sockaddr *)&peer, &first));
}

static void what_is_named_is_let_through_and_no_more(void **state)
{
	(void)state;
	struct webhook_allow allow[] = {network("10.1.0.0", 16), network("127.0.0.1", 32), network("fd00:1::", 32)};
	struct webhook_policy policy = {allow, 3};
	static const char *const good[] = {"10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "127.0.0.1", "fd00:1::1", "8.8.8.8"};
	static const char *const bad[] = {"10.0.255.255", "10.2.0.0", "127.0.0.2", "fd00:2::1", "::1", "64:ff9b::a01:1", "2002:a01:1::1"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(allowed(&policy, good[i], 443));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(allowed(&policy, bad[i], 443));
	assert_true(allowed(&policy, "10.1.0.1", 25));
	assert_false(allowed(&policy, "8.8.8.8", 25));
}

static void every_address_of_ipv6_is_none_of_ipv4(void **state)
{
	(void)state;
	struct webhook_allow allow = network("::", 0);
	struct webhook_policy policy = {&allow, 1};
	assert_true(allowed(&policy, "::1", 443));
	assert_false(allowed(&policy, "127.0.0.1", 443));
	assert_false(allowed(&policy, "::ffff:127.0.0.1", 443));
}

static void both_addresses_of_nat64_and_6to4_have_to_be_let_through(void **state)
{
	(void)state;
	struct webhook_allow allow[] = {network("64:ff9b::", 96), network("2002::", 16), network("10.0.0.0", 8)};
	assert_true(allowed(&(struct webhook_policy){allow, 2}, "64:ff9b::808:808", 443));
	assert_true(allowed(&(struct webhook_policy){allow, 2}, "2002:808:808::1", 443));
	assert_false(allowed(&(struct webhook_policy){allow, 2}, "64:ff9b::a00:1", 443));
	assert_false(allowed(&(struct webhook_policy){allow, 2}, "2002:7f00:1::1", 443));
	assert_true(allowed(&(struct webhook_policy){allow, 3}, "64:ff9b::a00:1", 443));
}

static void hosts_are_named_in_any_case(void **state)
{
	(void)state;
	struct webhook_allow allow;
	assert_true(webhook_allow_host("Build.Internal.", &allow));
	struct webhook_policy policy = {&allow, 1};
	static const char *const good[] = {"build.internal", "BUILD.internal", "build.internal."};
	static const char *const bad[] = {"build.internal..", "a.build.internal", "build.interna", "", "."};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(webhook_host_allowed(&policy, good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(webhook_host_allowed(&policy, bad[i]));
	static const char *const wrong[] = {"",           ".",      "a..b", ".a",  "a:80",      "127.0.0.1", "127.1",
					    "0x7f000001", "a.0x7F", "a.1",  "a/8", "ä.example", "*.example", "[::1]"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(webhook_allow_host(wrong[i], &allow));
}

static const char *fault_of(const struct webhook_policy *policy, const char *url)
{
	char host[WEBHOOK_HOST_BYTES];
	return webhook_url_check(policy, url, host);
}

static void urls_give_their_host(void **state)
{
	(void)state;
	static const struct {
		const char *url, *host;
	} good[] = {
		{"https://example.com", "example.com"},
		{"HTTP://Example.com:8080/a?b=c", "Example.com"},
		{"https://example.com./", "example.com."},
		{"https://[2606:4700::1111]:8443/x", "2606:4700::1111"},
		{"http://8.8.8.8/", "8.8.8.8"},
		{"http://0x08080808/", "8.8.8.8"},
		{"http://localhost/", "localhost"}, /* refused when it is dialled */
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char host[WEBHOOK_HOST_BYTES];
		const char *fault = webhook_url_check(&nothing, good[i].url, host);
		if (fault)
			fail_msg("%s %s", good[i].url, fault);
		assert_string_equal(host, good[i].host);
	}
}

static void every_spelling_of_an_address_is_that_address(void **state)
{
	(void)state;
	static const char *const spellings[] = {
		"http://127.0.0.1/",
		"http://127.1/",
		"http://127.0.1/",
		"http://2130706433/",
		"http://0x7f000001/",
		"http://0x7f.1/",
		"http://0177.0.0.1/",
		"http://017700000001/",
		"http://0x7f.0x0.0x0.0x1/",
		"http://%31%32%37.0.0.1/",
		"http://[::1]/",
		"http://[::ffff:127.0.0.1]/",
		"http://[::ffff:7f00:1]/",
		"http://[0:0:0:0:0:0:0:1]/",
		"http://0/",
		"http://[::]/",
		"http://169.254.169.254/latest/meta-data",
		"http://0xa9fea9fe/",
		"http://8.8.8.8:25/",
		"https://[fd00:ec2::254]/",
	};
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const char *fault = fault_of(&nothing, spellings[i]);
		if (!fault || !strstr(fault, "may not reach"))
			fail_msg("%s: %s", spellings[i], fault ? fault : "taken");
	}
	struct webhook_allow allow = network("127.0.0.1", 32);
	assert_null(fault_of(&(struct webhook_policy){&allow, 1}, "http://0x7f.1:9/"));
}

static void urls_that_lead_nowhere_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *url, *word;
	} wrong[] = {
		{"", "begin"},
		{"example.com", "begin"},
		{"ftp://example.com", "begin"},
		{"file:///etc/passwd", "begin"},
		{"//example.com", "begin"},
		{"http:/example.com", "begin"},
		{" http://example.com", "begin"},
		{"gopher://x", "begin"},
		{"http://", "reached"},
		{"http:///example.com", "reached"},
		{"https://user@example.com/", "password"},
		{"https://user:secret@example.com/", "password"},
		{"https://:@example.com/", "password"},
		{"https://example.com/#a", "fragment"},
		{"https://example.com#", "fragment"},
		{"https://example.com:0/", "reached"},
		{"https://example.com:65536/", "reached"},
		{"https://example.com:http/", "reached"},
		{"https://exa mple.com/", "reached"},
		{"https://example.com/\r\nX: y", "reached"},
		{"https://ex\xc3\xa4mple.com/", "reached"},
		{"https://[fe80::1%25eth0]/", "reached"},
		{"https://[::1/", "reached"},
		{"https://example.com\\@127.0.0.1/", "reached"},
		{"https://:443/", "reached"},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *fault = fault_of(&nothing, wrong[i].url);
		if (!fault || !strstr(fault, wrong[i].word))
			fail_msg("%s: %s", wrong[i].url, fault ? fault : "taken");
	}
	char long_url[WEBHOOK_URL_BYTES_MAX + 2] = "https://example.com/";
	memset(long_url + strlen(long_url), 'a', sizeof(long_url) - 1 - strlen(long_url));
	assert_non_null(strstr(fault_of(&nothing, long_url), "2000"));
	long_url[WEBHOOK_URL_BYTES_MAX] = '\0';
	assert_null(fault_of(&nothing, long_url));
}

static void headers_that_are_ours_or_none_are_refused(void **state)
{
	(void)state;
	assert_null(webhook_header_check("Authorization", "Bearer a b"));
	assert_null(webhook_header_check("X-A_b", "1"));
	static const char *const wrong[][2] = {{"", "a"},
					       {"A:", "b"},
					       {"A b", "c"},
					       {"Host", "a"},
					       {"content-LENGTH", "1"},
					       {"Transfer-Encoding", "chunked"},
					       {"Webhook-Id", "a"},
					       {"webhook-x", "a"},
					       {"A", ""},
					       {"A", "b\r\nC: d"},
					       {"A", "\xc3\xa4"},
					       {"A", " b"},
					       {"A", "b "},
					       {"Expect", "100-continue"}};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_non_null(webhook_header_check(wrong[i][0], wrong[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_special_range_is_refused),
		cmocka_unit_test(what_is_beside_them_is_let_through),
		cmocka_unit_test(ports_of_other_protocols_are_refused),
		cmocka_unit_test(other_families_and_zones_are_refused),
		cmocka_unit_test(the_machine_s_own_addresses_are_refused),
		cmocka_unit_test(what_is_named_is_let_through_and_no_more),
		cmocka_unit_test(every_address_of_ipv6_is_none_of_ipv4),
		cmocka_unit_test(both_addresses_of_nat64_and_6to4_have_to_be_let_through),
		cmocka_unit_test(hosts_are_named_in_any_case),
		cmocka_unit_test(urls_give_their_host),
		cmocka_unit_test(every_spelling_of_an_address_is_that_address),
		cmocka_unit_test(urls_that_lead_nowhere_are_refused),
		cmocka_unit_test(headers_that_are_ours_or_none_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
