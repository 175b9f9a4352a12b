/*
 * The few forms of URL that name a server.
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

/* Takes "host", "host:port", "[v6]" or "[v6]:port" of n bytes apart; false if it is none of them. */
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
	size_t host_n = (size_t)(host_end - host), port_n = port == NULL ? 2 : (size_t)(end - port);
	if (host_n == 0 || host_n >= sizeof out->host || port_n == 0 || port_n > 5)
		return false;
	(void)snprintf(out->host, sizeof out->host, "%.*s", (int)host_n, host);
	(void)snprintf(out->port, sizeof out->port, "%.*s", (int)port_n, port == NULL ? "80" : port);
	long number = strspn(out->port, "0123456789") == port_n ? strtol(out->port, NULL, 10) : 0;
	return number >= 1 && number <= 65535;
}

int client_url_parse(const char *text, struct client_url *out, struct client_fault *fault)
{
	const char *rest = NULL;

	memset(out, 0, sizeof *out);
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, out, fault);
	if (strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "wss://", 6) == 0) {
		client_fault_set(
			fault,
			"this client speaks no TLS: use the server's Unix socket (unix:/path), or a TLS proxy beside this client, instead of %s",
			text);
		return -EINVAL;
	}
	if (strncasecmp(text, "http://", 7) == 0)
		rest = text + 7;
	else if (strncasecmp(text, "ws://", 5) == 0)
		rest = text + 5;
	size_t n = rest == NULL ? 0 : strcspn(rest, "/");
	/* The server's paths are its own (/ws): a URL that names one is fine, and so is a bare slash. */
	if (rest == NULL || (rest[n] != '\0' && strcmp(rest + n, "/") != 0 && strcmp(rest + n, "/ws") != 0) ||
	    !split_authority(rest, n, out)) {
		client_fault_set(fault, "not a server's URL (http://host:port, ws://host:port or unix:/path): %s", text);
		return -EINVAL;
	}
	(void)snprintf(out->host_header, sizeof out->host_header, "%.*s", (int)n, rest);
	return 0;
}
