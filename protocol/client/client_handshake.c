/*
 * The response has to be a 101 with Upgrade, Connection and the right Sec-WebSocket-Accept (RFC 6455). It names no extension, because none is offered, and
 * no subprotocol but ours.
 */
#include "client/client_handshake.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char subprotocol[] = "parley.v1";

void client_handshake_init(struct client_handshake *h, const uint8_t random[WS_KEY_BYTES])
{
	ws_handshake_key(random, h->key);
	ws_handshake_accept(h->key, h->accept);
}

void client_handshake_request(const struct client_handshake *h, const char *host_header, struct buf *out)
{
	buf_appendf(out,
		    "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
		    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		    host_header, h->key, subprotocol);
}

/* Copies the header's value from a head of n bytes, trimmed and with a NUL. Returns false when the head has no such header. */
static bool head_value(const char *head, size_t n, const char *name, char *out, size_t size)
{
	size_t name_n = strlen(name);
	const char *end = head + n;

	for (const char *line = head; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			return false;
		if ((size_t)(stop - line) > name_n && strncasecmp(line, name, name_n) == 0 && line[name_n] == ':') {
			const char *value = line + name_n + 1;
			while (value < stop && (*value == ' ' || *value == '\t'))
				value++;
			const char *value_end = stop;
			while (value_end > value && (value_end[-1] == ' ' || value_end[-1] == '\t' || value_end[-1] == '\r'))
				value_end--;
			(void)snprintf(out, size, "%.*s", (int)(value_end - value), value);
			return true;
		}
		line = stop + 1;
	}
	return false;
}

static const char *head_fault(const struct client_handshake *h, const char *head, size_t n)
{
	char value[256];

	if (!head_value(head, n, "Upgrade", value, sizeof value) || strcasecmp(value, "websocket") != 0)
		return "the server did not upgrade to WebSocket";
	if (!head_value(head, n, "Connection", value, sizeof value) || strcasestr(value, "upgrade") == NULL)
		return "the server did not upgrade the connection";
	if (!head_value(head, n, "Sec-WebSocket-Accept", value, sizeof value) || strcmp(value, h->accept) != 0)
		return "the server's Sec-WebSocket-Accept is wrong";
	if (head_value(head, n, "Sec-WebSocket-Extensions", value, sizeof value) && value[0] != '\0')
		return "the server uses a WebSocket extension that was not offered";
	if (head_value(head, n, "Sec-WebSocket-Protocol", value, sizeof value) && strcmp(value, subprotocol) != 0)
		return "the server chose another WebSocket subprotocol";
	return NULL;
}

long client_handshake_check(const struct client_handshake *h, const uint8_t *bytes, size_t n, struct client_fault *fault)
{
	const char *head = (const char *)bytes;
	const uint8_t *end = n == 0 ? NULL : memmem(bytes, n, "\r\n\r\n", 4);

	if (end == NULL) {
		if (n < CLIENT_HANDSHAKE_HEAD_MAX)
			return 0;
		client_fault_set(fault, "the server's answer is not a WebSocket handshake");
		return -EPROTO;
	}
	size_t head_n = (size_t)(end - bytes) + 4;
	if (head_n < 13 || strncmp(head, "HTTP/1.1 101", 12) != 0) {
		size_t line_n = strcspn(head, "\r\n"); /* a line end was found above */
		client_fault_set(fault, "the server refused the WebSocket: %.*s", (int)(line_n > 100 ? 100 : line_n), head);
		return -EPROTO;
	}
	const char *wrong = head_fault(h, head, head_n);
	if (wrong != NULL) {
		client_fault_set(fault, "%s", wrong);
		return -EPROTO;
	}
	return (long)head_n;
}
