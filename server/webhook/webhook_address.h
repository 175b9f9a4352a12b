/*
 * Which addresses webhooks may reach. People choose the URL, and the server stands where they do not: beside databases, in networks behind firewalls, next to
 * a cloud's metadata. So the address that is about to be dialled is looked at, at every dial. What a name resolved to before does not count.
 *
 * Refused is what is not a public unicast address (IANA's registries of special-purpose addresses, RFC 6890), what is an address of this machine, and ports
 * below 1024 other than 80 and 443: there are protocols behind them that read an HTTP request as commands. An IPv4-mapped address is the IPv4 address.
 * --webhook-allow names what is let through with any port: networks, and names of hosts with whatever they resolve to. Of 6to4 and NAT64 both the outer
 * address and the IPv4 address in it have to be let through.
 *
 * Pure; any thread.
 */
#ifndef PARLEY_WEBHOOK_ADDRESS_H
#define PARLEY_WEBHOOK_ADDRESS_H

#include <ifaddrs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { WEBHOOK_HOST_BYTES = 254 };

/* What one --webhook-allow names. */
struct webhook_allow {
	char host[WEBHOOK_HOST_BYTES]; /* in lower case without a dot at its end; "": a network */
	uint8_t address[16];           /* IPv4 as ::ffff:a.b.c.d */
	unsigned n_bits;               /* of the 16 bytes */
};

struct webhook_policy {
	const struct webhook_allow *allow;
	size_t n_allow;
};

/* Takes the name of a host: labels of ASCII letters, digits, '-' and '_', of which the last does not look like a number. */
bool webhook_allow_host(const char *text, struct webhook_allow *out);
/* Returns whether the policy lets this host's name through with any address. */
bool webhook_host_allowed(const struct webhook_policy *policy, const char *host);
/* `own`: what getifaddrs(3) gives, or NULL. */
bool webhook_address_allowed(const struct webhook_policy *policy, const struct sockaddr *address, const struct ifaddrs *own);

#endif
