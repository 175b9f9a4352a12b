#include "net/accept/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool address_is_v4(const struct peer_address *a)
{
	return memcmp(a->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

static bool is_unix(const struct peer_address *a)
{
	static const uint8_t none[16] = {0};

	return memcmp(a->bytes, none, sizeof none) == 0;
}

struct peer_address address_of_sockaddr(const struct sockaddr *sa)
{
	struct peer_address a = {{0}};

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		memcpy(a.bytes, v4_prefix, sizeof v4_prefix);
		memcpy(a.bytes + 12, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof in6);
		memcpy(a.bytes, &in6.sin6_addr, 16);
	}
	return a;
}

bool address_parse(const char *text, size_t n, struct peer_address *out)
{
	char copy[INET6_ADDRSTRLEN];
	struct in_addr v4;

	while (n > 0 && (*text == ' ' || *text == '\t'))
		text++, n--;
	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		n--;
	if (n > 0 && *text == '[') {
		const char *end = memchr(text, ']', n);
		if (end == NULL)
			return false;
		n = (size_t)(end - text) - 1;
		text++;
	} else {
		const char *colon = memchr(text, ':', n);
		/* one colon precedes a port after an IPv4 address; several belong to an IPv6 address */
		if (colon != NULL && memchr(colon + 1, ':', n - (size_t)(colon + 1 - text)) == NULL)
			n = (size_t)(colon - text);
	}
	if (n == 0 || n >= sizeof copy)
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
		memcpy(out->bytes + 12, &v4, 4);
		return true;
	}
	return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

void address_format(const struct peer_address *a, char out[ADDRESS_TEXT_BYTES])
{
	if (is_unix(a))
		memcpy(out, "unix", 5);
	else if (address_is_v4(a))
		inet_ntop(AF_INET, a->bytes + 12, out, ADDRESS_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT_BYTES);
}

void address_key(const struct peer_address *a, uint8_t out[16])
{
	memcpy(out, a->bytes, 16);
	if (!address_is_v4(a))
		memset(out + 8, 0, 8);
}

bool address_within(const struct peer_address *a, const struct net_network *network)
{
	if (is_unix(a) && network->n_bits < 128)
		return false; /* no network of IP addresses holds a Unix socket, and ::/0 does not either */
	unsigned whole = network->n_bits / 8, rest = network->n_bits % 8;

	if (memcmp(a->bytes, network->address, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return ((a->bytes[whole] ^ network->address[whole]) >> (8 - rest)) == 0;
}

bool address_trusted(const struct peer_address *a, const struct net_network *networks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (address_within(a, &networks[i]))
			return true;
	return false;
}
