#include "net/http/http_reply.h"

#include "codec/reply_encode.h"
#include "net/http/credentials.h"

#include <string.h>

static const char *status_text(int status)
{
	/* clang-format off */
	switch (status) {
	case 200: return "OK";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 411: return "Length Required";
	case 413: return "Content Too Large";
	case 415: return "Unsupported Media Type";
	case 417: return "Expectation Failed";
	case 421: return "Misdirected Request";
	case 426: return "Upgrade Required";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 503: return "Service Unavailable";
	case 505: return "HTTP Version Not Supported";
	default: return "Unknown";
	}
	/* clang-format on */
}

/* The page's headers allow only our own code, pictures and connections. */
static const char page_headers[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
	"font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
	"require-trusted-types-for 'script'; trusted-types app-url\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n";

void http_reply_append(struct buf *out, const struct conn *c, const struct http_reply *reply, const void *body, size_t n)
{
	uint32_t hsts_seconds = c->server->config.hsts_seconds;

	buf_appendf(out, "HTTP/1.1 %d %s\r\n", reply->status, status_text(reply->status));
	if (reply->type != NULL)
		buf_appendf(out, "Content-Type: %s\r\n", reply->type);
	if (!reply->no_length && reply->status != 304)
		buf_appendf(out, "Content-Length: %zu\r\n", n);
	buf_appendf(out, "Cache-Control: %s\r\n", reply->cache_control != NULL ? reply->cache_control : "no-store");
	buf_append_str(out, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
	if (reply->page)
		buf_append_str(out, page_headers);
	if (c->client_tls && hsts_seconds > 0)
		buf_appendf(out, "Strict-Transport-Security: max-age=%u\r\n", hsts_seconds);
	if (reply->headers != NULL)
		buf_append_str(out, reply->headers);
	if (reply->close)
		buf_append_str(out, "Connection: close\r\n");
	buf_append_str(out, "\r\n");
	if (!reply->head_only)
		buf_append(out, body, n);
}

void http_reply_error(struct buf *out, const struct conn *c, enum wire_error code, int status, const char *message, const char *headers,
		      bool close, bool head_only)
{
	static const struct reply_ref no_ref = {.n = 0};
	auto_buf body = BUF_INIT;

	metric_count_error(c->server->metrics, code);
	reply_encode_error(&body, &no_ref, code, message, 0);
	struct http_reply reply = {
		.status = status != 0 ? status : wire_error_http_status(code),
		.type = "application/json",
		.headers = headers,
		.close = close,
		.head_only = head_only,
	};
	http_reply_append(out, c, &reply, body.data, body.len);
}

void http_refuse_now(struct conn *c, enum wire_error code, int status, const char *message, const char *headers)
{
	auto_buf out = BUF_INIT;

	http_reply_error(&out, c, code, status, message, headers, true, c->asks_head);
	conn_write_raw(c, out.data, out.len);
	conn_refused(c);
}

void http_refuse_address(struct conn *c, const char *message, uint32_t wait_ms)
{
	char headers[48];

	metric_add(&c->server->metrics->refused_total, 1);
	snprintf(headers, sizeof headers, "Retry-After: %u\r\n", (wait_ms + 999) / 1000);
	http_refuse_now(c, WIRE_RATE_LIMITED, 0, message, headers);
}
