#include "net/conn/upgrade.h"

#include "net/http/credentials.h"
#include "net/http/http_reply.h"
#include "net/http/http_value.h"

#include <stdio.h>
#include <string.h>

enum { KEY_CHARS = 24, SHA1_BYTES = 20, ACCEPT_BYTES = 28 + 2 /* the library wants one more than the NUL */ };

static const char subprotocol[] = "parley.v1";

static bool is_ws_path(const struct http_request *r)
{
	return r->path.n == 3 && memcmp(r->path.s, "/ws", 3) == 0;
}

bool upgrade_is_asked(const struct http_request *r)
{
	struct http_text to = http_request_value(r, "upgrade");

	return to.s != NULL && (http_value_lists(to, "websocket") || is_ws_path(r));
}

/* Whether it is 16 bytes in base64 (RFC 6455 section 4.1). */
static bool is_key(struct http_text key)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i + 2 < key.n; i++)
		if (strchr(alphabet, key.s[i]) == NULL)
			return false;
	return key.n == KEY_CHARS && key.s[KEY_CHARS - 2] == '=' && key.s[KEY_CHARS - 1] == '=';
}

static bool refuse(struct conn *c, enum wire_error code, int status, const char *what, const char *headers)
{
	http_refuse_now(c, code, status, what, headers);
	return false;
}

/* Checks the form of the handshake (RFC 6455 section 4.2.1). Returns false when it has refused the request. */
static bool check_handshake(struct conn *c, const struct http_request *r)
{
	if (r->method != HTTP_GET)
		return refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, "a WebSocket is asked for with GET", "Allow: GET\r\n");
	if (r->is_http_10)
		return refuse(c, WIRE_INVALID_REQUEST, 400, "a WebSocket needs HTTP/1.1", NULL);
	if (!http_value_is(http_request_value(r, "upgrade"), "websocket"))
		return refuse(c, WIRE_INVALID_REQUEST, 400, "the only upgrade is to websocket", NULL);
	if (!http_request_lists(r, "connection", "upgrade"))
		return refuse(c, WIRE_INVALID_REQUEST, 400, "Connection does not say Upgrade", NULL);
	if (!http_value_is(http_request_value(r, "sec-websocket-version"), "13"))
		return refuse(c, WIRE_INVALID_REQUEST, 426, "Sec-WebSocket-Version must be 13",
			      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
	if (!is_key(http_request_value(r, "sec-websocket-key")))
		return refuse(c, WIRE_INVALID_REQUEST, 400, "Sec-WebSocket-Key is not 16 bytes in base64", NULL);
	if (http_request_field(r, "sec-websocket-protocol", NULL) != NULL && !http_request_lists(r, "sec-websocket-protocol", subprotocol))
		return refuse(c, WIRE_INVALID_REQUEST, 400, "the subprotocol is parley.v1", NULL);
	return true;
}

/* This check is the last one, so that a request that is refused for another reason takes nothing from the address's share. */
static bool check_rate(struct conn *c)
{
	bool has_place = credentials_admit_client(c);
	uint32_t wait_ms = !has_place ? NET_CROWDED_RETRY_MS : c->is_operator ? 0 : chat_admit_upgrade(c->server->chat, c);

	if (wait_ms > 0)
		http_refuse_address(c, has_place ? "too many requests from this address" : "too many connections from this address",
				    wait_ms);
	return wait_ms == 0;
}

static bool check(struct conn *c, const struct http_request *r)
{
	if (!is_ws_path(r))
		return refuse(c, WIRE_NOT_FOUND, 0, "the WebSocket is at /ws", NULL);
	if (r->content_length > 0)
		return refuse(c, WIRE_INVALID_REQUEST, 400, "a request for a WebSocket has no body", NULL);
	if (!check_handshake(c, r))
		return false;
	if (origin_verdict(c, r) == ORIGIN_FOREIGN) {
		char message[ORIGIN_MESSAGE_BYTES];
		origin_refusal(c, r, message);
		return refuse(c, WIRE_BAD_ORIGIN, 0, message, NULL);
	}
	if (c->server->draining)
		return refuse(c, WIRE_UNAVAILABLE, 0, "the server is leaving", "Retry-After: 2\r\n");
	return check_rate(c);
}

/* RFC 6455 section 4.2.2, 5.4. */
static void make_accept(struct http_text key, char out[ACCEPT_BYTES])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char text[KEY_CHARS + sizeof guid - 1], digest[SHA1_BYTES];

	memcpy(text, key.s, KEY_CHARS);
	memcpy(text + KEY_CHARS, guid, sizeof guid - 1);
	lws_SHA1(text, sizeof text, digest);
	lws_b64_encode_string((const char *)digest, sizeof digest, out, ACCEPT_BYTES);
}

static void answer(struct conn *c, const struct http_request *r)
{
	char head[256], accept[ACCEPT_BYTES];
	bool is_named = http_request_field(r, "sec-websocket-protocol", NULL) != NULL;

	make_accept(http_request_value(r, "sec-websocket-key"), accept);
	int n = snprintf(
		head, sizeof head,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
		accept, is_named ? "Sec-WebSocket-Protocol: " : "", is_named ? subprotocol : "", is_named ? "\r\n" : "");
	conn_write_raw(c, (const uint8_t *)head, (size_t)n);
}

void upgrade(struct conn *c, const struct http_request *r)
{
	struct credentials credentials;

	if (!check(c, r))
		return;
	/* check() has refused an Origin that is not allowed. Without an Origin (a bot) a cookie does not count. */
	credentials_read(c, r, false, &credentials);
	struct session_config config = {
		.transport = TRANSPORT_WEBSOCKET,
		.token = credentials.token[0] != '\0' ? credentials.token : NULL,
		.token_is_cookie = credentials.is_cookie,
		.token_may_be_anothers = credentials.cookie.is_old,
		.operator_socket = c->is_operator,
	};
	answer(c, r);
	c->is_websocket = true;
	heartbeat_begin_websocket(c);
	c->session = session_open(c->server->chat, c, &config);
}
