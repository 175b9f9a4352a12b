#include "net/upgrade_guard.h"

#include "net/credentials.h"
#include "net/http_guard.h"
#include "net/http_head.h"
#include "net/http_reply.h"
#include "net/http_value.h"

#include <string.h>
#include <strings.h>

enum { KEY_CHARACTERS = 24 };

/* RFC 6455 section 4.1: 16 bytes in base64. */
static bool is_key(const char *key)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strlen(key) == KEY_CHARACTERS && strspn(key, alphabet) == KEY_CHARACTERS - 2 && strcmp(key + KEY_CHARACTERS - 2, "==") == 0;
}

static int refuse_form(struct conn *c, const char *what)
{
	return http_refuse_now(c, WIRE_INVALID_REQUEST, 400, what, NULL);
}

/* The handshake's own form (RFC 6455 section 4.2.1). */
static int check_handshake(struct conn *c)
{
	struct lws *wsi = c->wsi;
	char value[512];

	if (http_head_method(wsi) != HTTP_GET)
		return http_refuse_now(c, WIRE_METHOD_NOT_ALLOWED, 0, "a WebSocket is asked for with GET", "Allow: GET\r\n");
	if (http_head_value(wsi, WSI_TOKEN_HTTP, value, sizeof value) <= 0 || strcmp(value, "HTTP/1.1") != 0)
		return refuse_form(c, "a WebSocket needs HTTP/1.1");
	if (http_head_repeated(wsi, WSI_TOKEN_UPGRADE) || http_head_value(wsi, WSI_TOKEN_UPGRADE, value, sizeof value) <= 0 ||
	    strcasecmp(value, "websocket") != 0)
		return refuse_form(c, "the only upgrade is to websocket");
	if (http_head_value(wsi, WSI_TOKEN_CONNECTION, value, sizeof value) <= 0 || !http_value_lists(value, "upgrade"))
		return refuse_form(c, "Connection does not say Upgrade");
	if (http_head_repeated(wsi, WSI_TOKEN_VERSION) || http_head_value(wsi, WSI_TOKEN_VERSION, value, sizeof value) <= 0 ||
	    strcmp(value, "13") != 0)
		return http_refuse_now(c, WIRE_INVALID_REQUEST, 426, "Sec-WebSocket-Version must be 13",
				       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
	if (http_head_repeated(wsi, WSI_TOKEN_KEY) || http_head_value(wsi, WSI_TOKEN_KEY, value, sizeof value) <= 0 || !is_key(value))
		return refuse_form(c, "Sec-WebSocket-Key is not 16 bytes in base64");
	if (http_head_has(wsi, WSI_TOKEN_PROTOCOL) && (http_head_value(wsi, WSI_TOKEN_PROTOCOL, value, sizeof value) < 0 ||
						       strlen(value) > 120 || !http_value_lists(value, "parley.v1")))
		return refuse_form(c, "the subprotocol is parley.v1");
	return 0;
}

/* Last of all: what is refused for another reason takes nothing from the address's share. */
static int check_rate(struct conn *c)
{
	if (!credentials_admit_client(c))
		return http_refuse_address(c, "too many connections from this address", NET_CROWDED_RETRY_MS);
	uint32_t wait_ms = c->is_operator ? 0 : chat_admit_upgrade(c->server->chat, c);
	return wait_ms == 0 ? 0 : http_refuse_address(c, "too many requests from this address", wait_ms);
}

int upgrade_guard(struct conn *c)
{
	struct lws *wsi = c->wsi;
	char path[HTTP_PATH_BYTES];
	int64_t content_length;

	/* CVE-2025-11677: after "Upgrade: foo" on a kept-alive connection 4.1.6 has answered and let go of the head, and calls us all the same. */
	if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) <= 0)
		return -1;
	/* Bytes that came before the last answer went out: the library would take them for the old request again. */
	if (c->http != NULL || c->is_stream || lws_partial_buffered(wsi))
		return -1;
	if (http_head_bytes(wsi) > c->server->config.limits.head_bytes)
		return http_refuse_now(c, WIRE_TOO_LARGE, 431, "the head is larger than the limit head_bytes", NULL);
	const char *fault = http_guard(wsi, &content_length);
	if (fault != NULL)
		return refuse_form(c, fault);
	if (content_length > 0)
		return refuse_form(c, "a request for a WebSocket has no body");
	int n = http_head_path(wsi, path);
	if (n < 0 || strcmp(path, "/ws") != 0)
		return http_refuse_now(c, WIRE_NOT_FOUND, 0, "the WebSocket is at /ws", NULL);
	if (check_handshake(c) < 0)
		return -1;
	if (origin_verdict(c) == ORIGIN_FOREIGN)
		return http_refuse_now(c, WIRE_BAD_ORIGIN, 0, NULL, NULL);
	if (c->server->draining)
		return http_refuse_now(c, WIRE_UNAVAILABLE, 0, "the server is leaving", "Retry-After: 2\r\n");
	return check_rate(c);
}
