#include "net/http_head.h"

#include "net/http_value.h"
#include "net/net_state.h"

#include <string.h>

bool http_head_attached(struct lws *wsi)
{
	/* Both versions empty the text before they look for the name, but only when there is a head to look in. */
	char probe[2] = {'x', '\0'};

	(void)lws_hdr_custom_copy(wsi, probe, sizeof probe, "x:", 2);
	return probe[0] == '\0';
}

bool http_head_has(struct lws *wsi, enum lws_token_indexes token)
{
	char empty[1];

	return lws_hdr_total_length(wsi, token) > 0 || lws_hdr_copy_fragment(wsi, empty, sizeof empty, token, 0) == 0;
}

bool http_head_repeated(struct lws *wsi, enum lws_token_indexes token)
{
	/* The library puts a space before the value of a repeated header, so it is never empty. */
	return lws_hdr_fragment_length(wsi, token, 1) > 0;
}

static int trim(char *text, int n)
{
	int start = 0;

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		n--;
	while (start < n && (text[start] == ' ' || text[start] == '\t'))
		start++;
	memmove(text, text + start, (size_t)(n - start));
	text[n - start] = '\0';
	return n - start;
}

int http_head_value(struct lws *wsi, enum lws_token_indexes token, char *out, size_t cap)
{
	int n = lws_hdr_copy(wsi, out, (int)cap, token);

	if (n < 0) {
		out[0] = '\0';
		return -1;
	}
	return trim(out, (int)strlen(out));
}

int http_head_custom(struct lws *wsi, const char *name, char *out, size_t cap)
{
	int name_bytes = (int)strlen(name);

	out[0] = '\0';
	if (lws_hdr_custom_length(wsi, name, name_bytes) <= 0)
		return 0;
	int n = lws_hdr_custom_copy(wsi, out, (int)cap, name, name_bytes);
	if (n < 0) {
		out[0] = '\0';
		return -1;
	}
	return trim(out, (int)strlen(out));
}

size_t http_head_bytes(struct lws *wsi)
{
	size_t n = 0;

	for (int token = 0; token < WSI_TOKEN_COUNT; token++)
		n += (size_t)lws_hdr_total_length(wsi, (enum lws_token_indexes)token);
	return n;
}

enum http_method http_head_method(struct lws *wsi)
{
	if (http_head_has(wsi, WSI_TOKEN_GET_URI))
		return HTTP_GET;
	if (http_head_has(wsi, WSI_TOKEN_HEAD_URI))
		return HTTP_HEAD;
	if (http_head_has(wsi, WSI_TOKEN_POST_URI))
		return HTTP_POST;
	return HTTP_OTHER;
}

int http_head_path(struct lws *wsi, char out[HTTP_PATH_BYTES])
{
	static const enum lws_token_indexes tokens[] = {WSI_TOKEN_GET_URI, WSI_TOKEN_HEAD_URI, WSI_TOKEN_POST_URI};

	out[0] = '\0';
	for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
		if (!http_head_has(wsi, tokens[i]))
			continue;
		int n = lws_hdr_copy(wsi, out, HTTP_PATH_BYTES, tokens[i]);
		if (n < 0 || strlen(out) != (size_t)n) {
			out[0] = '\0';
			return -1;
		}
		return n;
	}
	return 0;
}

int http_head_argument(struct lws *wsi, const char *name, size_t i, char *out, size_t cap)
{
	char fragment[LIMIT_HEAD_BYTES_MOST + NET_HEAD_SPARE]; /* no head is larger: -1 says that there are no more */

	for (int at = 0;; at++) {
		int n = lws_hdr_copy_fragment(wsi, fragment, sizeof fragment, WSI_TOKEN_HTTP_URI_ARGS, at);
		if (n < 0)
			return HTTP_ARGUMENT_ABSENT;
		const char *value = http_value_argument(fragment, name);
		if (value == NULL)
			continue;
		if (i-- > 0)
			continue;
		size_t value_bytes = strlen(value);
		if (value_bytes >= cap)
			return HTTP_ARGUMENT_TOO_LONG;
		memcpy(out, value, value_bytes + 1);
		return (int)value_bytes;
	}
}
