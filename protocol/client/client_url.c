/*
 * Parses the few forms of URL that name a server.
 */
#include "client/client_url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int parse_unix(const char *path, struct client_url *out, struct client_fault *fault)
{
	if (strncmp(path, "//", 2) == 0)
		path += 2;
	if (path[0] == '\0' || strlen(path) >= sizeof out->path) {
		client_fault_set(fault, "the path of a Unix socket has 1 to %zu bytes: unix:%s", sizeof out->path - 1, path);
		return -EINVAL;
	}
	out->is_unix = true;
	(void)snprintf(out->path, sizeof out->path, "%s", path);
	(void)snprintf(out->host_header, sizeof out->host_header, "localhost");
	return 0;
}

/* Splits "host", "host:port", "[v6]" or "[v6]:port" of n bytes. Returns false when the text is none of them. */
static bool split_authority(const char *s, size_t n, struct client_url *out)
{
	const char *host = s, *host_end, *port = NULL, *end = s + n;

	if (n > 0 && s[0] == '[') {
		host = s + 1;
		host_end = memchr(s, ']', n);
		if (host_end == NULL || (host_end + 1 != end && host_end[1] != ':'))
			return false;
		port = host_end + 1 == end ? NULL : host_end + 2;
	} else {
		const char *colon = memchr(s, ':', n);
		host_end = colon == NULL ? end : colon;
		port = colon == NULL ? NULL : colon + 1;
	}
	const char *default_port = out->is_tls ? "443" : "80";
	size_t host_n = (size_t)(host_end - host), port_n = port == NULL ? strlen(default_port) : (size_t)(end - port);
	if (host_n == 0 || host_n >= sizeof out->host || port_n == 0 || port_n > 5)
		return false;
	(void)snprintf(out->host, sizeof out->host, "%.*s", (int)host_n, host);
	(void)snprintf(out->port, sizeof out->port, "%.*s", (int)port_n, port == NULL ? default_port : port);
	long number = strspn(out->port, "0123456789") == port_n ? strtol(out->port, NULL, 10) : 0;
	return number >= 1 && number <= 65535;
}

static const struct {
	const char *prefix;
	bool is_tls;
} schemes[] = {{"http://", false}, {"ws://", false}, {"https://", true}, {"wss://", true}};

int client_url_parse(const char *text, struct client_url *out, struct client_fault *fault)
{
	const char *rest = NULL;

	memset(out, 0, sizeof *out);
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, out, fault);
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && rest == NULL; i++) {
		size_t scheme = strlen(schemes[i].prefix);
		if (strncasecmp(text, schemes[i].prefix, scheme) != 0)
			continue;
		rest = text + scheme;
		out->is_tls = schemes[i].is_tls;
	}
	if (rest == NULL && strstr(text, "://") == NULL)
		rest = text;
	size_t n = rest == NULL ? 0 : strcspn(rest, "/");
	/* The server chooses its paths itself. A URL may name /ws, or end with a slash. */
	if (rest == NULL || (rest[n] != '\0' && strcmp(rest + n, "/") != 0 && strcmp(rest + n, "/ws") != 0) ||
	    !split_authority(rest, n, out)) {
		client_fault_set(fault, "not a server's URL (host:port, http://host:port, https://host:port, ws, wss or unix:/path): %s",
				 text);
		return -EINVAL;
	}
	(void)snprintf(out->host_header, sizeof out->host_header, "%.*s", (int)n, rest);
	return 0;
}
