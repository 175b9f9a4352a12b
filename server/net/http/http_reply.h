/*
 * Heads of HTTP responses. The library adds nothing to them. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_HTTP_REPLY_H
#define PARLEY_NET_HTTP_HTTP_REPLY_H

#include "codec/buf.h"
#include "net/conn/conn.h"

struct http_reply {
	int status;
	const char *type;          /* Content-Type, or NULL: none */
	const char *cache_control; /* NULL: no-store */
	const char *headers;       /* more of them, each with its CRLF, or NULL */
	bool page;                 /* with the page's security headers */
	bool close;                /* Connection: close */
	bool head_only;            /* for HEAD and 304: the head has the length, and no body follows */
	bool no_length;            /* the end of the connection ends the body */
};

/* Appends head and body. */
void http_reply_append(struct buf *out, const struct conn *c, const struct http_reply *reply, const void *body, size_t n);
/* Appends a response with a JSON error object and counts the refusal. Every refusal of net/ comes through here. A NULL message is the table's.
 * `headers` are those of struct http_reply. */
void http_reply_error(struct buf *out, const struct conn *c, enum wire_error code, int status, const char *message, const char *headers,
		      bool close, bool head_only);
/* The same without an exchange: it is written at once, and it is the last response on this connection. */
void http_refuse_now(struct conn *c, enum wire_error code, int status, const char *message, const char *headers);
/* The same with rate_limited, for an address that takes more than its share. It tells the client to come back after wait_ms and counts the
 * connection as refused. */
void http_refuse_address(struct conn *c, const char *message, uint32_t wait_ms);

#endif
