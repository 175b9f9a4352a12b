#include "net/accept/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum {
	LINE_BYTES_MAX = 107,
	HEAD_BYTES = 16, /* of version 2: signature, command, family, length */
	TLV_HEAD_BYTES = 3,
	TLV_SSL = 0x20,
	TLV_SSL_BYTES_MIN = 5, /* flags and the result of the verification */
	TLV_SSL_CLIENT = 0x01, /* flag: the client connected over TLS */
};

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 }; /* version 2 in the upper half */
enum { FAMILY_NONE, FAMILY_INET, FAMILY_INET6, FAMILY_UNIX, FAMILY_COUNT };
enum { SOCKET_NONE, SOCKET_STREAM };

static const char line_start[] = "PROXY ";
static const uint8_t signature[12] = {'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

/* In network byte order, as inet_pton(3) writes it and version 2 sends it. */
static struct peer_address address_of_bytes(bool v6, const uint8_t *bytes)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (v6)
		memcpy(&in6.sin6_addr, bytes, sizeof in6.sin6_addr);
	else
		memcpy(&in.sin_addr, bytes, sizeof in.sin_addr);
	return address_of_sockaddr(v6 ? (const struct sockaddr *)&in6 : (const struct sockaddr *)&in);
}

/* ---- version 1 ---- */

/* A decimal number without leading zeros. */
static bool is_port(const char *text)
{
	unsigned value = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 5 || (text[0] == '0' && n > 1))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	return value <= UINT16_MAX;
}

/* Cuts at the next space and moves *at behind it. Returns NULL when there is no space. */
static char *next_word(char **at)
{
	char *word = *at, *space = strchr(word, ' ');

	if (space == NULL)
		return NULL;
	*space = '\0';
	*at = space + 1;
	return word;
}

/* Reads "TCP4 SOURCE DESTINATION PORT PORT", or "UNKNOWN", which anything may follow. */
static enum proxy_header_result read_words(char *at, struct proxy_header *out)
{
	uint8_t source[16], destination[16];

	if (strcmp(at, "UNKNOWN") == 0 || strncmp(at, "UNKNOWN ", 8) == 0)
		return PROXY_HEADER_WHOLE;
	bool v6 = strncmp(at, "TCP6 ", 5) == 0;
	if (!v6 && strncmp(at, "TCP4 ", 5) != 0)
		return PROXY_HEADER_BAD;
	int family = v6 ? AF_INET6 : AF_INET;
	at += 5;
	const char *from = next_word(&at), *to = next_word(&at), *from_port = next_word(&at);
	if (from == NULL || to == NULL || from_port == NULL || !is_port(from_port) || !is_port(at) ||
	    inet_pton(family, from, source) != 1 || inet_pton(family, to, destination) != 1)
		return PROXY_HEADER_BAD;
	out->has_address = true;
	out->address = address_of_bytes(v6, source);
	return PROXY_HEADER_WHOLE;
}

static enum proxy_header_result read_line(const uint8_t *bytes, size_t n, struct proxy_header *out)
{
	char line[LINE_BYTES_MAX + 1];
	size_t start = sizeof line_start - 1;
	const uint8_t *end = memchr(bytes, '\n', n < LINE_BYTES_MAX ? n : LINE_BYTES_MAX);

	if (end == NULL)
		return n < LINE_BYTES_MAX ? PROXY_HEADER_MORE : PROXY_HEADER_BAD;
	out->n_bytes = (size_t)(end - bytes) + 1;
	size_t length = out->n_bytes - 2; /* without CR LF */
	if (length < start || bytes[length] != '\r' || memchr(bytes, '\0', length) != NULL)
		return PROXY_HEADER_BAD;
	memcpy(line, bytes, length);
	line[length] = '\0';
	return read_words(line + start, out);
}

/* ---- version 2 ---- */

static size_t read_u16(const uint8_t *bytes)
{
	return (size_t)bytes[0] << 8 | bytes[1];
}

static enum proxy_header_result read_extensions(const uint8_t *bytes, size_t n, struct proxy_header *out)
{
	while (n > 0) {
		if (n < TLV_HEAD_BYTES)
			return PROXY_HEADER_BAD;
		size_t length = read_u16(bytes + 1), whole = TLV_HEAD_BYTES + length;
		if (whole > n || (bytes[0] == TLV_SSL && length < TLV_SSL_BYTES_MIN))
			return PROXY_HEADER_BAD;
		if (bytes[0] == TLV_SSL)
			out->ends_tls = (bytes[TLV_HEAD_BYTES] & TLV_SSL_CLIENT) != 0;
		bytes += whole;
		n -= whole;
	}
	return PROXY_HEADER_WHOLE;
}

static enum proxy_header_result read_binary(const uint8_t *bytes, size_t n, struct proxy_header *out)
{
	/* Bytes of two addresses and two ports, or of two paths of Unix sockets. */
	static const size_t address_bytes[FAMILY_COUNT] = {[FAMILY_NONE] = 0, [FAMILY_INET] = 12, [FAMILY_INET6] = 36, [FAMILY_UNIX] = 216};

	if (n < HEAD_BYTES)
		return PROXY_HEADER_MORE;
	size_t length = read_u16(bytes + 14);
	unsigned family = bytes[13] >> 4, transport = bytes[13] & 15;
	bool is_proxied = bytes[12] == COMMAND_PROXY;
	if ((!is_proxied && bytes[12] != COMMAND_LOCAL) || length > PROXY_HEADER_BYTES_MAX - HEAD_BYTES)
		return PROXY_HEADER_BAD;
	if (is_proxied && (family >= FAMILY_COUNT || transport > SOCKET_STREAM || length < address_bytes[family]))
		return PROXY_HEADER_BAD;
	if (n < HEAD_BYTES + length)
		return PROXY_HEADER_MORE;
	out->n_bytes = HEAD_BYTES + length;
	if (!is_proxied || family == FAMILY_NONE || transport == SOCKET_NONE)
		return PROXY_HEADER_WHOLE; /* the specification does not say what follows */
	out->has_address = family != FAMILY_UNIX;
	if (out->has_address)
		out->address = address_of_bytes(family == FAMILY_INET6, bytes + HEAD_BYTES);
	return read_extensions(bytes + HEAD_BYTES + address_bytes[family], length - address_bytes[family], out);
}

enum proxy_header_result proxy_header_read(const uint8_t *bytes, size_t n, struct proxy_header *out)
{
	size_t n_line = sizeof line_start - 1, n_signature = sizeof signature;

	*out = (struct proxy_header){0};
	if (n == 0)
		return PROXY_HEADER_MORE;
	if (memcmp(bytes, line_start, n < n_line ? n : n_line) == 0)
		return read_line(bytes, n, out);
	if (memcmp(bytes, signature, n < n_signature ? n : n_signature) == 0)
		return read_binary(bytes, n, out);
	return PROXY_HEADER_BAD;
}
