#include "net/http_guard.h"

#include "net/http_head.h"

#include <stdio.h>
#include <string.h>

enum { LENGTH_DIGITS_MAX = 15 };

static bool parse_length(const char *text, int64_t *out)
{
	int64_t value = 0;
	size_t n = strlen(text);

	if (n == 0 || n > LENGTH_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*out = value;
	return true;
}

/* A header's name with white space before the colon is another header to the library, but may be the same one to a proxy. */
static bool has_disguised_header(struct lws *wsi)
{
	static const char *const names[] = {"transfer-encoding", "content-length", "host"};
	static const char *const spaces[] = {" ", "\t", "  ", " \t", "\t ", "\t\t"}; /* the library finds whole names only */
	char name[32];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (size_t j = 0; j < sizeof spaces / sizeof spaces[0]; j++) {
			int n = snprintf(name, sizeof name, "%s%s:", names[i], spaces[j]);
			if (lws_hdr_custom_length(wsi, name, n) >= 0)
				return true;
		}
	return false;
}

const char *http_guard(struct lws *wsi, int64_t *content_length)
{
	char value[64];

	*content_length = HTTP_NO_LENGTH;
	if (http_head_value(wsi, WSI_TOKEN_HTTP, value, sizeof value) < 0 ||
	    (strcmp(value, "HTTP/1.1") != 0 && strcmp(value, "HTTP/1.0") != 0))
		return "only HTTP/1.1 and HTTP/1.0 are spoken here";
	if (http_head_has(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
		return "Transfer-Encoding is not accepted; send Content-Length";
	if (http_head_has(wsi, WSI_TOKEN_PROXY))
		return "a PROXY header where none is expected (parleyd --proxy-protocol)";
	if (has_disguised_header(wsi))
		return "white space before the colon of a header";
	if (http_head_repeated(wsi, WSI_TOKEN_HOST))
		return "Host is given twice";
	if (!http_head_has(wsi, WSI_TOKEN_HOST) && strcmp(value, "HTTP/1.1") == 0)
		return "Host is missing";
	if (http_head_repeated(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH))
		return "Content-Length is given twice";
	if (http_head_has(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) &&
	    (http_head_value(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, value, sizeof value) < 0 || !parse_length(value, content_length)))
		return "Content-Length is not a number";
	return NULL;
}
