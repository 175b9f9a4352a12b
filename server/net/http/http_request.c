#include "net/http/http_request.h"

#include <string.h>
#include <strings.h>

enum { LENGTH_DIGITS_MAX = 15 };

/* The kinds of text that a byte may be part of, a bit for each kind. */
enum {
	IN_TOKEN = 1,  /* tchar: RFC 9110 section 5.6.2 */
	IN_VALUE = 2,  /* HTAB, SP, VCHAR, obs-text: RFC 9110 section 5.5 */
	IN_TARGET = 4, /* pchar, "/" and "?": RFC 3986 sections 3.3 and 3.4; that two digits follow "%" is checked apart */
	IN_HOST = 8,   /* reg-name without "%": RFC 3986 section 3.2.2 */
	IN_PLAIN = 16, /* unreserved: RFC 3986 section 2.3 */
	IN_HEX = 32,
	IN_DIGITS = 64,

	/* the table's rows */
	o = 0,
	V = IN_VALUE,
	T = V | IN_TOKEN,
	L = V | IN_TARGET,
	E = T | IN_TARGET,
	G = L | IN_HOST,
	S = T | G,
	P = S | IN_PLAIN,
	X = P | IN_HEX,
	D = X | IN_DIGITS,
};

static const uint8_t kinds[256] = {
	/* clang-format off */
	/*        ..0 1  2  3  4  5  6  7  8  9  a  b  c  d  e  f */
	/* 00 */  o, o, o, o, o, o, o, o, o, V, o, o, o, o, o, o,
	/* 10 */  o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o,
	/*  ! */  V, S, V, T, S, E, S, S, G, G, S, S, G, P, P, L, /*  ! " # $ % & ' ( ) * + , - . / */
	/* 0  */  D, D, D, D, D, D, D, D, D, D, L, G, V, G, V, L, /* 0 1 2 3 4 5 6 7 8 9 : ; < = > ? */
	/* @  */  L, X, X, X, X, X, X, P, P, P, P, P, P, P, P, P, /* @ A B C D E F G … */
	/* P  */  P, P, P, P, P, P, P, P, P, P, P, V, V, V, T, P, /* P … Z [ \ ] ^ _ */
	/* `  */  T, X, X, X, X, X, X, P, P, P, P, P, P, P, P, P, /* ` a b c d e f g … */
	/* p  */  P, P, P, P, P, P, P, P, P, P, P, V, T, V, P, o, /* p … z { | } ~ */
	/* 80 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* 90 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* a0 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* b0 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* c0 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* d0 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* e0 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* f0 */  V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* clang-format on */
};

static bool is_kind(char c, unsigned kind)
{
	return (kinds[(unsigned char)c] & kind) != 0;
}

/* Returns the number of bytes at the front that are of this kind. */
static size_t span(const char *s, size_t n, unsigned kind)
{
	size_t i = 0;

	while (i < n && is_kind(s[i], kind))
		i++;
	return i;
}

static bool equals(struct http_text t, const char *word)
{
	return t.n == strlen(word) && memcmp(t.s, word, t.n) == 0;
}

static bool equals_in_any_case(struct http_text t, const char *word)
{
	return t.n == strlen(word) && strncasecmp(t.s, word, t.n) == 0;
}

static enum http_request_result refuse(struct http_request *r, int status, const char *fault)
{
	r->status = status;
	r->fault = fault;
	return HTTP_REQUEST_BAD;
}

/* ---- lines ---- */

/* Takes the next line without its CRLF and moves *at behind it. Returns MORE when the line has not ended yet. */
static enum http_request_result next_line(struct http_request *r, const char *bytes, size_t n, size_t *at, struct http_text *line)
{
	size_t start = *at, length = span(bytes + start, n - start, IN_VALUE);
	size_t end = start + length;

	*line = (struct http_text){bytes + start, length};
	if (end == n)
		return HTTP_REQUEST_MORE;
	if (bytes[end] == '\n')
		return refuse(r, 400, "a line of the head ends with LF alone");
	if (bytes[end] != '\r')
		return refuse(r, 400, "a control character in the head");
	if (end + 1 == n)
		return HTTP_REQUEST_MORE;
	if (bytes[end + 1] != '\n')
		return refuse(r, 400, "CR without LF in the head");
	*at = end + 2;
	return HTTP_REQUEST_WHOLE;
}

/* ---- the target ---- */

/* host[:port] (RFC 9110 section 4.2.1): a name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(struct http_text host)
{
	size_t name;

	if (host.n > 0 && host.s[0] == '[') {
		const char *end = memchr(host.s, ']', host.n);
		if (end == NULL)
			return false;
		name = (size_t)(end - host.s) + 1;
		for (size_t i = 1; i + 1 < name; i++)
			if (!is_kind(host.s[i], IN_HEX) && host.s[i] != ':' && host.s[i] != '.')
				return false;
		if (name < 4)
			return false; /* "[::]" */
	} else {
		name = span(host.s, host.n, IN_HOST);
	}
	if (name == 0 || name == host.n)
		return name > 0;
	size_t digits = span(host.s + name + 1, host.n - name - 1, IN_DIGITS);
	return host.s[name] == ':' && name + 1 + digits == host.n && digits <= 5;
}

/* Returns what breaks RFC 3986 in the escapes of a path or query, or NULL. */
static const char *escapes_fault(struct http_text part)
{
	for (size_t i = 0; i < part.n; i++)
		if (part.s[i] == '%' && (part.n - i < 3 || !is_kind(part.s[i + 1], IN_HEX) || !is_kind(part.s[i + 2], IN_HEX)))
			return "a percent sign without two hexadecimal digits in the target";
	return NULL;
}

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

/*
 * A resource has one spelling (RFC 3986 section 6.2.2): no empty segments, no "." and "..", nothing escaped that needs no escape, and no escape that
 * programs decode into a separator or the end of the text. So another spelling does not get past a proxy's rule that was made for one.
 */
static const char *path_fault(struct http_text path)
{
	size_t segment = 1; /* where the current segment begins */

	for (size_t i = 1; i <= path.n; i++) {
		if (i < path.n && path.s[i] == '%') {
			unsigned c = hex_value(path.s[i + 1]) << 4 | hex_value(path.s[i + 2]);
			if (is_kind((char)c, IN_PLAIN) || c < 0x20 || c == 0x7f || c == '/' || c == '\\')
				return "the path is not in its normal form (an escape that it must not have)";
		}
		if (i < path.n && path.s[i] != '/')
			continue;
		struct http_text name = {path.s + segment, i - segment};
		if ((name.n == 0 && i < path.n) || equals(name, ".") || equals(name, ".."))
			return "the path is not in its normal form (an empty segment, \".\" or \"..\")";
		segment = i + 1;
	}
	return NULL;
}

/* RFC 9112 section 3.2: origin-form, or absolute-form, whose authority goes to r->host. */
static enum http_request_result read_target(struct http_request *r, struct http_text target)
{
	static const char *const schemes[] = {"http://", "https://"};
	const char *fault;

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		size_t n = strlen(schemes[i]);
		if (target.n < n || strncasecmp(target.s, schemes[i], n) != 0)
			continue;
		const char *end = target.s + target.n, *path = target.s + n;
		while (path < end && *path != '/' && *path != '?')
			path++;
		r->host = (struct http_text){target.s + n, (size_t)(path - target.s) - n};
		if (!is_host(r->host))
			return refuse(r, 400, "the target's authority is not a host");
		target = (struct http_text){path, (size_t)(end - path)};
		if (target.n == 0)
			target = (struct http_text){"/", 1};
		break;
	}
	if (target.n == 0 || target.s[0] != '/')
		return refuse(r, 400, "the target is neither a path nor an http URL");
	if (span(target.s, target.n, IN_TARGET) != target.n)
		return refuse(r, 400, "a character in the target that must be percent-encoded");
	const char *question = memchr(target.s, '?', target.n);
	r->path = (struct http_text){target.s, question != NULL ? (size_t)(question - target.s) : target.n};
	if (question != NULL)
		r->query = (struct http_text){question + 1, target.n - r->path.n - 1};
	if ((fault = escapes_fault(target)) != NULL || (fault = path_fault(r->path)) != NULL)
		return refuse(r, 400, fault);
	return HTTP_REQUEST_WHOLE;
}

/* ---- the request line ---- */

static enum http_method method_of(struct http_text word)
{
	return equals(word, "GET") ? HTTP_GET : equals(word, "HEAD") ? HTTP_HEAD : equals(word, "POST") ? HTTP_POST : HTTP_OTHER;
}

/* RFC 9112 section 3: method SP target SP version, single spaces. */
static enum http_request_result read_request_line(struct http_request *r, struct http_text line)
{
	size_t method = span(line.s, line.n, IN_TOKEN);
	const char *target = line.s + method + 1;

	if (method == 0 || method == line.n || line.s[method] != ' ')
		return refuse(r, 400, "the request line is not method, target and version with single spaces between them");
	if (equals((struct http_text){line.s, method}, "PROXY"))
		return refuse(r, 400, "a PROXY header where none is expected (parleyd --proxy-protocol)");
	const char *space = memchr(target, ' ', line.n - method - 1);
	if (space == NULL || space == target || memchr(target, '\t', line.n - method - 1) != NULL)
		return refuse(r, 400, "the request line is not method, target and version with single spaces between them");
	struct http_text version = {space + 1, (size_t)(line.s + line.n - space) - 1};
	if (memchr(version.s, ' ', version.n) != NULL)
		return refuse(r, 400, "the request line is not method, target and version with single spaces between them");
	r->is_http_10 = equals(version, "HTTP/1.0");
	if (!r->is_http_10 && !equals(version, "HTTP/1.1"))
		return refuse(r, version.n == 8 && memcmp(version.s, "HTTP/", 5) == 0 ? 505 : 400,
			      "only HTTP/1.1 and HTTP/1.0 are spoken here");
	r->method = method_of((struct http_text){line.s, method});
	if (r->method == HTTP_OTHER)
		return refuse(r, 405, NULL); /* decided before the target is read, which may have another form */
	return read_target(r, (struct http_text){target, (size_t)(space - target)});
}

/* ---- fields ---- */

static enum http_request_result add_field(struct http_request *r, struct http_text line)
{
	size_t name = span(line.s, line.n, IN_TOKEN), start = name + 1, end = line.n;

	if (line.s[0] == ' ' || line.s[0] == '\t')
		return refuse(r, 400, "a folded line in the head");
	if (name < line.n && (line.s[name] == ' ' || line.s[name] == '\t'))
		return refuse(r, 400, "white space before the colon of a header");
	if (name == 0 || name == line.n || line.s[name] != ':')
		return refuse(r, 400, "a line of the head is not a name, a colon and a value");
	if (r->n_fields == HTTP_FIELDS_MAX)
		return refuse(r, 431, "more headers than are taken in one request");
	while (start < end && (line.s[start] == ' ' || line.s[start] == '\t'))
		start++;
	while (end > start && (line.s[end - 1] == ' ' || line.s[end - 1] == '\t'))
		end--;
	r->fields[r->n_fields++] = (struct http_field){{line.s, name}, {line.s + start, end - start}};
	return HTTP_REQUEST_WHOLE;
}

const struct http_field *http_request_field(const struct http_request *r, const char *name, const struct http_field *after)
{
	for (const struct http_field *f = after != NULL ? after + 1 : r->fields; f < r->fields + r->n_fields; f++)
		if (equals_in_any_case(f->name, name))
			return f;
	return NULL;
}

struct http_text http_request_value(const struct http_request *r, const char *name)
{
	const struct http_field *f = http_request_field(r, name, NULL);

	return f != NULL ? f->value : (struct http_text){NULL, 0};
}

/* The fields that this server reads and that are no lists. When one is given twice, two readers may believe different ones. */
static bool has_doubled_field(const struct http_request *r)
{
	static const char *const once[] = {
		"host",          "content-length", "content-type",      "authorization",         "cookie",  "origin",
		"last-event-id", "sec-fetch-site", "sec-websocket-key", "sec-websocket-version", "upgrade", "expect",
	};

	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
		const struct http_field *first = http_request_field(r, once[i], NULL);
		if (first != NULL && http_request_field(r, once[i], first) != NULL)
			return true;
	}
	return false;
}

static enum http_request_result read_length(struct http_request *r)
{
	struct http_text value = http_request_value(r, "content-length");

	r->content_length = HTTP_NO_LENGTH;
	if (value.s == NULL)
		return HTTP_REQUEST_WHOLE;
	if (value.n == 0 || value.n > LENGTH_DIGITS_MAX || span(value.s, value.n, IN_DIGITS) != value.n)
		return refuse(r, 400, "Content-Length is not a number");
	r->content_length = 0;
	for (size_t i = 0; i < value.n; i++)
		r->content_length = r->content_length * 10 + (value.s[i] - '0');
	return HTTP_REQUEST_WHOLE;
}

static enum http_request_result read_host(struct http_request *r)
{
	struct http_text host = http_request_value(r, "host");

	if (host.s == NULL && !r->is_http_10)
		return refuse(r, 400, "Host is missing");
	if (host.s != NULL && !is_host(host))
		return refuse(r, 400, "Host is not a host");
	if (r->host.s == NULL)
		r->host = host;
	else if (host.s != NULL && (r->host.n != host.n || strncasecmp(r->host.s, host.s, host.n) != 0))
		return refuse(r, 400, "Host is not the target's host");
	return HTTP_REQUEST_WHOLE;
}

/* Checks the fields together: RFC 9112 sections 3.2, 6.1 and 6.3. */
static enum http_request_result check_fields(struct http_request *r)
{
	struct http_text expect = http_request_value(r, "expect");

	if (http_request_field(r, "transfer-encoding", NULL) != NULL)
		return refuse(r, 400, "Transfer-Encoding is not accepted; send Content-Length");
	if (has_doubled_field(r))
		return refuse(r, 400, "a header that may stand once only is given twice");
	if (expect.s != NULL && !equals_in_any_case(expect, "100-continue"))
		return refuse(r, 417, "the only expectation that is met is 100-continue");
	enum http_request_result result = read_length(r);
	return result == HTTP_REQUEST_WHOLE ? read_host(r) : result;
}

enum http_request_result http_request_read(const char *bytes, size_t n, struct http_request *out)
{
	struct http_text line;
	size_t at = 0;
	enum http_request_result result;

	out->n_fields = 0;
	out->method = HTTP_OTHER;
	out->status = 0;
	out->fault = NULL;
	out->host = out->query = out->path = (struct http_text){NULL, 0};
	out->content_length = HTTP_NO_LENGTH;
	result = next_line(out, bytes, n, &at, &line);
	if (result == HTTP_REQUEST_WHOLE && line.n == 0)
		result = next_line(out, bytes, n, &at, &line); /* one empty line, RFC 9112 section 2.2 */
	if (result == HTTP_REQUEST_WHOLE)
		result = read_request_line(out, line);
	while (result == HTTP_REQUEST_WHOLE) {
		result = next_line(out, bytes, n, &at, &line);
		if (result != HTTP_REQUEST_WHOLE)
			return result;
		if (line.n == 0) {
			out->n_bytes = at;
			return check_fields(out);
		}
		result = add_field(out, line);
	}
	return result;
}
