#include "webhook/webhook_target.h"

#include "webhook/webhook_curl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Characters of a URI (RFC 3986, section 2). libcurl takes more of them. */
static const char uri_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?[]@!$&'()*+,;=%";
static const char token_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";

static const char not_a_url[] = "is not one that can be reached";
static const char no_library[] = "cannot be reached: this server has no libcurl (Debian: libcurl4)";

/* The bytes behind scheme://, or NULL. */
static const char *behind_scheme(const char *url)
{
	static const char *const schemes[] = {"http://", "https://"};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]);
		if (!strncasecmp(url, schemes[i], n))
			return url + n;
	}
	return NULL;
}

static void address_of(const char *host, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	*out = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
	if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
		memcpy(out, &in, sizeof(in));
	else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
		memcpy(out, &in6, sizeof(in6));
}

static bool read_host(CURLU *u, char host[WEBHOOK_HOST_BYTES], uint16_t *port)
{
	char *text = NULL, *number = NULL;
	bool good = curl_url_get(u, CURLUPART_HOST, &text, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT) == CURLUE_OK;
	if (good) {
		size_t n = strlen(text), brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';
		long p = strtol(number, NULL, 10);
		n -= 2 * brackets;
		good = n > 0 && n < WEBHOOK_HOST_BYTES && p > 0 && p <= UINT16_MAX;
		if (good) {
			memcpy(host, text + brackets, n);
			host[n] = '\0';
			*port = (uint16_t)p;
		}
	}
	curl_free(text);
	curl_free(number);
	return good;
}

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;
	curl_free(text);
	return has;
}

static const char *check_parts(const struct webhook_policy *policy, CURLU *u, char host[WEBHOOK_HOST_BYTES])
{
	uint16_t port;
	if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD) || has_part(u, CURLUPART_OPTIONS))
		return "has a user's name or password in it; a header can carry a secret";
	if (has_part(u, CURLUPART_ZONEID) || !read_host(u, host, &port))
		return not_a_url;
	struct sockaddr_storage address;
	address_of(host, port, &address);
	if (address.ss_family != AF_UNSPEC && !webhook_address_allowed(policy, (struct sockaddr *)&address, NULL))
		return "names an address or a port that webhooks may not reach; the server's operator can allow a network (--webhook-allow)";
	return NULL;
}

const char *webhook_url_check(const struct webhook_policy *policy, const char *url, char host[WEBHOOK_HOST_BYTES])
{
	char missing[WEBHOOK_CURL_FAULT_BYTES];
	host[0] = '\0';
	size_t n = strlen(url);
	const char *rest = behind_scheme(url);
	if (!rest)
		return "does not begin with http:// or https://";
	if (n > WEBHOOK_URL_BYTES_MAX)
		return "has more than 2000 bytes";
	if (strchr(url, '#'))
		return "has a fragment (#)";
	if (!*rest || *rest == '/' || url[strspn(url, uri_characters)])
		return not_a_url;
	if (!webhook_curl_load(missing))
		return no_library;
	CURLU *u = curl_url();
	if (!u)
		abort();
	const char *fault = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK ? check_parts(policy, u, host) : not_a_url;
	curl_url_cleanup(u);
	return fault;
}

const char *webhook_header_check(const char *name, const char *value)
{
	static const char *const ours[] = {
		"accept-encoding",  "connection", "content-length", "content-type",      "expect", "host", "http2-settings", "keep-alive",
		"proxy-connection", "te",         "trailer",        "transfer-encoding", "upgrade"};
	size_t n = strlen(name);
	if (!n || name[strspn(name, token_characters)])
		return "has a name that is none";
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!strcasecmp(name, ours[i]))
			return "is one that the server sets";
	}
	if (!strncasecmp(name, "webhook-", strlen("webhook-")))
		return "is one that the server sets";
	if (!*value || n + strlen(value) > WEBHOOK_HEADER_BYTES_MAX)
		return "has no value, or a very long one";
	for (const char *c = value; *c; c++) {
		if (*c < ' ' || *c > '~')
			return "has a value with other characters than visible ASCII and blanks";
	}
	if (value[0] == ' ' || value[strlen(value) - 1] == ' ')
		return "has a value with a blank at its beginning or end";
	return NULL;
}
