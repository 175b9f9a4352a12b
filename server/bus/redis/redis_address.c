#include "bus/redis/redis_address.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char form[] =
	"the address of a Redis like redis://127.0.0.1:6379, rediss://redis.example (TLS), redis://USER@HOST or unix:/run/redis/redis.sock";

static bool take(char *to, size_t size, const char *text, size_t n)
{
	if (!n || n >= size)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isgraph((unsigned char)text[i]))
			return false;
	}
	memcpy(to, text, n);
	to[n] = '\0';
	return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned n = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || (n = n * 10 + (unsigned)(*text - '0')) > UINT16_MAX)
			return false;
	}
	*port = (uint16_t)n;
	return n > 0;
}

/* HOST, HOST:PORT, [::1] or [::1]:PORT. */
static bool parse_place(const char *text, struct redis_address *out)
{
	bool has_brackets = *text == '[';
	size_t n = strcspn(text + has_brackets, has_brackets ? "]" : ":");
	const char *rest = text + has_brackets + n;
	if (has_brackets && *rest++ != ']')
		return false;
	if (!take(out->host, sizeof(out->host), text + has_brackets, n) || strpbrk(out->host, has_brackets ? "[" : "[]/?#"))
		return false;
	return !*rest || (*rest == ':' && parse_port(rest + 1, &out->port));
}

const char *redis_address_parse(const char *text, struct redis_address *out)
{
	*out = (struct redis_address){.port = REDIS_PORT};
	if (!strncmp(text, "unix:", 5)) {
		out->is_unix = true;
		return text[5] == '/' && take(out->path, sizeof(out->path), text + 5, strlen(text + 5))
			       ? NULL
			       : "unix: and a path that begins with / and has at most 107 bytes";
	}
	if (!strncmp(text, "rediss://", 9))
		out->is_tls = true;
	else if (strncmp(text, "redis://", 8))
		return form;
	const char *place = text + 8 + out->is_tls;
	const char *at = strrchr(place, '@');
	if (at) {
		size_t n = (size_t)(at - place);
		if (memchr(place, ':', n))
			return "an address without a password: --redis-password-file names the file that has it";
		if (!take(out->user, sizeof(out->user), place, n))
			return "an address with a user of 1 to 127 letters before the @";
		place = at + 1;
	}
	size_t n = strlen(place);
	if (strpbrk(place, "/?#"))
		return n && place[n - 1] == '/' ? "an address without a slash at its end"
						: "an address without a database, a path or options: pub/sub has none";
	return parse_place(place, out) ? NULL : form;
}

bool redis_address_at(const struct redis_address *like, const char *host, size_t n, uint64_t port, struct redis_address *out)
{
	struct redis_address made = {.is_tls = like->is_tls, .port = (uint16_t)port};
	if (!port || port > UINT16_MAX || !take(made.host, sizeof(made.host), host, n))
		return false;
	memcpy(made.user, like->user, sizeof(made.user));
	*out = made;
	return true;
}

bool redis_address_equal(const struct redis_address *a, const struct redis_address *b)
{
	if (a->is_unix != b->is_unix || strcmp(a->user, b->user) != 0)
		return false;
	if (a->is_unix)
		return !strcmp(a->path, b->path);
	return a->is_tls == b->is_tls && a->port == b->port && !strcmp(a->host, b->host);
}

void redis_address_show(const struct redis_address *a, char out[REDIS_SHOWN_BYTES])
{
	const char *scheme = a->is_tls ? "rediss" : "redis";
	if (a->is_unix)
		snprintf(out, REDIS_SHOWN_BYTES, "unix:%s", a->path);
	else
		snprintf(out, REDIS_SHOWN_BYTES, strchr(a->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", scheme, a->host, a->port);
}
