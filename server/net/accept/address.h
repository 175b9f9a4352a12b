/*
 * Addresses of peers: as 16 bytes (IPv4 as ::ffff:a.b.c.d), as text, and as the key by which limits count. Pure.
 */
#ifndef PARLEY_NET_ACCEPT_ADDRESS_H
#define PARLEY_NET_ACCEPT_ADDRESS_H

#include "net/net_server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_BYTES = 64 };

struct peer_address {
	uint8_t bytes[16]; /* all zero: a Unix socket */
};

struct peer_address address_of_sockaddr(const struct sockaddr *sa);
/* Reads a numeric address as X-Forwarded-For has it, with or without port and brackets. Returns false when it is none. */
bool address_parse(const char *text, size_t n, struct peer_address *out);
bool address_is_v4(const struct peer_address *a);
/* "192.0.2.1", "2001:db8::1", or "unix". */
void address_format(const struct peer_address *a, char out[ADDRESS_TEXT_BYTES]);
/* The key by which limits count: the address for IPv4, its /64 network for IPv6. */
void address_key(const struct peer_address *a, uint8_t out[16]);
bool address_within(const struct peer_address *a, const struct net_network *network);
bool address_trusted(const struct peer_address *a, const struct net_network *networks, size_t n);

#endif
