#include "webhook/webhook_address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

struct network {
	uint8_t address[16];
	uint8_t n_bits;
};

/* clang-format off */
#define V4(a, b, c, d, bits) {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, 96 + (bits)}
#define V6(a, b, c, d, bits) {{(a) >> 8, (a) & 0xff, (b) >> 8, (b) & 0xff, (c) >> 8, (c) & 0xff, (d) >> 8, (d) & 0xff}, bits}

static const struct network refused[] = {
	V4(0, 0, 0, 0, 8),        /* this network */
	V4(10, 0, 0, 0, 8),       /* private */
	V4(100, 64, 0, 0, 10),    /* shared by the customers of a carrier */
	V4(127, 0, 0, 0, 8),      /* loopback */
	V4(168, 63, 129, 16, 32), /* a public address that a cloud answers inside its machines */
	V4(169, 254, 0, 0, 16),   /* link-local; metadata of clouds */
	V4(172, 16, 0, 0, 12),    /* private */
	V4(192, 0, 0, 0, 24),     /* protocol assignments */
	V4(192, 0, 2, 0, 24),     /* documentation */
	V4(192, 88, 99, 0, 24),   /* relays of 6to4 */
	V4(192, 168, 0, 0, 16),   /* private */
	V4(198, 18, 0, 0, 15),    /* benchmarks */
	V4(198, 51, 100, 0, 24),  /* documentation */
	V4(203, 0, 113, 0, 24),   /* documentation */
	V4(224, 0, 0, 0, 4),      /* multicast */
	V4(240, 0, 0, 0, 4),      /* reserved; broadcast */
	V6(0x2001, 0, 0, 0, 23),  /* protocol assignments; Teredo */
	V6(0x2001, 0xdb8, 0, 0, 32), /* documentation */
	V6(0x2002, 0, 0, 0, 16),  /* 6to4 */
	V6(0x3fff, 0, 0, 0, 20),  /* documentation */
};
/* Only these are given to anybody: everything else of IPv6 is special, among it ::, ::1, fc00::/7, fe80::/10, ff00::/8, 64:ff9b::/96 and 100::/64. */
static const struct network v4 = V4(0, 0, 0, 0, 0), v6_unicast = V6(0x2000, 0, 0, 0, 3);
/* Those with an IPv4 address in them, and where. */
static const struct {
	struct network network;
	size_t at;
} wrappers[] = {
	{V6(0x2002, 0, 0, 0, 16), 2},
	{V6(0x64, 0xff9b, 0, 0, 96), 12},
};
/* clang-format on */

static bool is_within(const uint8_t address[16], const uint8_t network[16], unsigned n_bits)
{
	unsigned n = n_bits / 8, rest = n_bits % 8;
	if (memcmp(address, network, n))
		return false;
	return !rest || !((address[n] ^ network[n]) >> (8 - rest));
}

static bool is_in(const uint8_t address[16], const struct network *network)
{
	return is_within(address, network->address, network->n_bits);
}

/* Returns false for another family. */
static bool read_address(const struct sockaddr *sa, uint8_t out[16], uint16_t *port, bool *is_scoped)
{
	*is_scoped = false;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		memcpy(out, v4.address, 12);
		memcpy(out + 12, &in.sin_addr, 4);
		*port = ntohs(in.sin_port);
		return true;
	}
	if (sa->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 in;
	memcpy(&in, sa, sizeof(in));
	memcpy(out, &in.sin6_addr, 16);
	*port = ntohs(in.sin6_port);
	*is_scoped = in.sin6_scope_id != 0;
	return true;
}

static bool is_own(const uint8_t address[16], const struct ifaddrs *own)
{
	for (; own; own = own->ifa_next) {
		uint8_t one[16];
		uint16_t port;
		bool is_scoped;
		if (own->ifa_addr && read_address(own->ifa_addr, one, &port, &is_scoped) && !memcmp(one, address, 16))
			return true;
	}
	return false;
}

static bool is_public(const uint8_t address[16])
{
	if (!is_in(address, &v4) && !is_in(address, &v6_unicast))
		return false;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (is_in(address, &refused[i]))
			return false;
	}
	return true;
}

static bool is_named(const struct webhook_policy *policy, const uint8_t address[16])
{
	for (size_t i = 0; i < policy->n_allow; i++) {
		const struct webhook_allow *allow = &policy->allow[i];
		/* A network of IPv6 that begins before ::ffff:0:0, such as ::/0, is not meant for IPv4. */
		bool fits = is_in(address, &v4) ? allow->n_bits >= 96 : true;
		if (!*allow->host && fits && is_within(address, allow->address, allow->n_bits))
			return true;
	}
	return false;
}

static bool port_is_usual(uint16_t port)
{
	return port == 80 || port == 443 || port >= 1024;
}

static bool bytes_allowed(const struct webhook_policy *policy, const uint8_t address[16], uint16_t port, const struct ifaddrs *own)
{
	return is_named(policy, address) || (is_public(address) && !is_own(address, own) && port_is_usual(port));
}

bool webhook_address_allowed(const struct webhook_policy *policy, const struct sockaddr *sa, const struct ifaddrs *own)
{
	uint8_t address[16], inner[16];
	uint16_t port;
	bool is_scoped;
	if (!read_address(sa, address, &port, &is_scoped) || is_scoped || !port || !bytes_allowed(policy, address, port, own))
		return false;
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
		if (!is_in(address, &wrappers[i].network))
			continue;
		memcpy(inner, v4.address, 12);
		memcpy(inner + 12, address + wrappers[i].at, 4);
		return bytes_allowed(policy, inner, port, own);
	}
	return true;
}

/* "127.1" and "0x7f.1" are addresses to some resolvers, so a name does not end as they do. `label` is in lower case. */
static bool looks_like_number(const char *label)
{
	bool is_hex = label[0] == '0' && label[1] == 'x';
	return is_hex ? !label[2 + strspn(label + 2, "0123456789abcdef")] : !label[strspn(label, "0123456789")];
}

/* Copies n bytes in lower case. Returns false when they are no name. */
static bool copy_name(const char *text, size_t n, char *out)
{
	size_t label = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		bool good = isascii(c) && (isalnum(c) || c == '-' || c == '_');
		if (c == '.' ? i == label : !good)
			return false;
		if (c == '.')
			label = i + 1;
		out[i] = (char)tolower(c);
	}
	out[n] = '\0';
	return label < n && !looks_like_number(out + label);
}

bool webhook_allow_host(const char *text, struct webhook_allow *out)
{
	*out = (struct webhook_allow){0};
	size_t n = strlen(text);
	n -= n && text[n - 1] == '.';
	bool good = n && n < WEBHOOK_HOST_BYTES && copy_name(text, n, out->host);
	if (!good)
		out->host[0] = '\0';
	return good;
}

bool webhook_host_allowed(const struct webhook_policy *policy, const char *host)
{
	size_t n = strlen(host);
	n -= n && host[n - 1] == '.';
	for (size_t i = 0; n && i < policy->n_allow; i++) {
		if (strlen(policy->allow[i].host) == n && !strncasecmp(policy->allow[i].host, host, n))
			return true;
	}
	return false;
}
