#include "app/config_value.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

const char *config_value_misspelled(const char *text, bool has_notes)
{
	size_t n = strlen(text);
	if (n && (text[0] == '"' || text[0] == '\''))
		return "is in quotes, and they would be part of it: leave them out";
	for (size_t i = 1; has_notes && i < n; i++) {
		if (text[i] == '#' && (text[i - 1] == ' ' || text[i - 1] == '\t'))
			return "has a # behind it, and what follows would be part of it: a note has a line of its own";
	}
	return NULL;
}

const char *config_value_path(const char *text)
{
	size_t n = strlen(text);
	if (!n)
		return "a name (it is empty)";
	if (text[0] == '~' || text[0] == '$')
		return "a path that is written out: only a shell replaces ~ and $NAME (write ./ before a name that begins so)";
	if (text[0] == ' ' || text[n - 1] == ' ')
		return "a path without blanks at its ends";
	for (size_t i = 0; i < n; i++) {
		if (iscntrl((unsigned char)text[i]))
			return "a path without control characters (a file with CRLF at the ends of its lines?)";
	}
	return NULL;
}

static const char *after_scheme(const char *text)
{
	static const char *const schemes[] = {"postgresql://", "postgres://"};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!strncmp(text, schemes[i], strlen(schemes[i])))
			return text + strlen(schemes[i]);
	}
	return NULL;
}

bool config_value_database(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (iscntrl((unsigned char)*c))
			return false;
	}
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
	return after_scheme(text) || (n > 0 && text[n + strspn(text + n, " ")] == '=');
}

/* Behind the value that begins here: in quotes, with \ before what is meant as it is, or up to a blank. */
static const char *skip_keyword_value(const char *at)
{
	bool quoted = *at == '\'';
	for (at += quoted; *at && (quoted ? *at != '\'' : *at != ' '); at++) {
		if (*at == '\\' && at[1])
			at++;
	}
	return at + (quoted && *at);
}

static bool keywords_have_password(const char *at)
{
	while (*(at += strspn(at, " "))) {
		size_t n = strcspn(at, " =");
		bool is_password = n == strlen("password") && !strncmp(at, "password", n);
		at += n;
		at += strspn(at, " ");
		if (*at == '=')
			at++;
		at += strspn(at, " ");
		if (is_password && *at)
			return true;
		at = skip_keyword_value(at);
	}
	return false;
}

bool config_value_has_password(const char *database)
{
	const char *at = after_scheme(database);
	if (!at)
		return keywords_have_password(database);
	size_t n = strcspn(at, "/?");
	const char *end_of_user = memchr(at, '@', n), *colon = memchr(at, ':', n);
	if (end_of_user && colon && colon + 1 < end_of_user)
		return true;
	return strstr(at + n, "?password=") || strstr(at + n, "&password=");
}

bool config_value_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	uint64_t n = 0;
	if (!*text)
		return false;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*c - '0'), &n))
			return false;
	}
	*out = n;
	return n >= least && n <= most;
}

/* Turns any spelling of an address into the usual one, so that the printed address is the one that is listened on. */
static bool canonical_host(int family, const char *text, char out[46])
{
	uint8_t address[16];
	return inet_pton(family, text, address) == 1 && inet_ntop(family, address, out, 46);
}

static bool parse_host(const char *text, size_t n, char out[46])
{
	char host[64];
	if (!n) {
		out[0] = '\0';
		return true;
	}
	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		return canonical_host(AF_INET6, host + 1, out);
	}
	return canonical_host(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", out);
}

bool config_value_listen(const char *text, struct config_listen *out)
{
	*out = (struct config_listen){0};
	if (!strncmp(text, "unix:", 5)) {
		size_t n = strlen(text + 5);
		if (n >= sizeof(((struct sockaddr_un *)NULL)->sun_path) || config_value_path(text + 5))
			return false;
		out->is_unix = true;
		out->path = mem_strndup(text + 5, n);
	} else {
		const char *colon = strrchr(text, ':');
		uint64_t port;
		if (!colon || !config_value_number(colon + 1, 0, UINT16_MAX, &port) || !parse_host(text, (size_t)(colon - text), out->host))
			return false;
		out->port = (uint16_t)port;
	}
	out->text = mem_strndup(text, strlen(text));
	return true;
}

static size_t origin_host_length(const char *host)
{
	if (*host == '[') {
		char address[46];
		size_t n = strcspn(host, "]");
		return host[n] == ']' && parse_host(host, n + 1, address) ? n + 1 : 0;
	}
	size_t n = 0;
	while (isalnum((unsigned char)host[n]) || host[n] == '-' || host[n] == '.' || host[n] == '_')
		n++;
	return n;
}

bool config_value_origin(const char *text, char **out)
{
	static const struct {
		const char *scheme;
		uint64_t port;
	} schemes[] = {{"http://", 80}, {"https://", 443}};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t head = strlen(schemes[i].scheme);
		if (strncasecmp(text, schemes[i].scheme, head))
			continue;
		size_t n_host = origin_host_length(text + head);
		const char *rest = text + head + n_host;
		uint64_t port = schemes[i].port;
		if (!n_host || (*rest && *rest != ':') || (*rest == ':' && !config_value_number(rest + 1, 1, UINT16_MAX, &port)))
			return false;
		*out = mem_strndup(text, port == schemes[i].port ? head + n_host : strlen(text));
		for (char *c = *out; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		return true;
	}
	return false;
}

static bool has_bits_after(const uint8_t address[16], unsigned n_bits)
{
	for (unsigned i = n_bits; i < 128; i++) {
		if (address[i / 8] & (0x80u >> i % 8))
			return true;
	}
	return false;
}

bool config_value_peers(const char *text, struct config_network *out)
{
	if (strcmp(text, "unix"))
		return config_value_network(text, out);
	*out = (struct config_network){.n_bits = 128, .text = mem_strndup(text, strlen(text))};
	return true;
}

bool config_value_network(const char *text, struct config_network *out)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char address[46];
	size_t n = strcspn(text, "/");
	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	*out = (struct config_network){0};
	unsigned before = 0;
	if (inet_pton(AF_INET, address, out->address + 12) == 1) {
		before = 96;
		memcpy(out->address, mapped, sizeof(mapped));
	} else if (inet_pton(AF_INET6, address, out->address) != 1) {
		return false;
	}
	uint64_t bits = 128 - before;
	if (text[n] && !config_value_number(text + n + 1, 0, 128 - before, &bits))
		return false;
	out->n_bits = before + (unsigned)bits;
	if (has_bits_after(out->address, out->n_bits))
		return false;
	out->text = mem_strndup(text, strlen(text));
	return true;
}

bool config_value_allow(const char *text, struct webhook_allow *out)
{
	struct config_network network;
	if (!config_value_network(text, &network))
		return webhook_allow_host(text, out);
	*out = (struct webhook_allow){.n_bits = network.n_bits};
	memcpy(out->address, network.address, sizeof(out->address));
	free(network.text);
	return true;
}
