/*
 * Serves the page. It comes from the table inside the binary, compressed and with entity tags. For development it comes from a directory
 * (--web-dir) without caching. A path outside the table or the directory is not found. The documents of the protocol always come from the table.
 */
#include "base/memory.h"
#include "net/http/http_reply.h"
#include "net/http/http_routes.h"
#include "net/http/http_value.h"
#include "net/http/origin.h"
#include "web/assets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 16 << 20, PATH_BYTES_MAX = 256 };

static const struct web_asset *find_asset(const char *path)
{
	size_t low = 0, high = n_web_assets;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(path, web_assets[middle].path);
		if (order == 0)
			return &web_assets[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The comparison is weak (RFC 9110 section 13.1.2), so W/ in front does not matter. */
static bool tag_matches(const struct http_request *r, const char *etag)
{
	struct http_text value = http_request_value(r, "if-none-match");

	return (value.n == 1 && value.s[0] == '*') || (value.n > 0 && memmem(value.s, value.n, etag, strlen(etag)) != NULL);
}

static void serve_asset(struct conn *c, const struct http_request *r, const struct web_asset *asset)
{
	bool gzip = asset->gzip != NULL && http_value_accepts_gzip(http_request_value(r, "accept-encoding"));
	bool unchanged = tag_matches(r, asset->etag);
	auto_buf headers = BUF_INIT;

	buf_appendf(&headers, "ETag: %s\r\n", asset->etag);
	if (asset->gzip != NULL)
		buf_append_str(&headers, "Vary: Accept-Encoding\r\n");
	if (gzip && !unchanged)
		buf_append_str(&headers, "Content-Encoding: gzip\r\n");
	buf_append_byte(&headers, '\0');
	struct http_reply reply = {
		.status = unchanged ? 304 : 200,
		.type = unchanged ? NULL : asset->type,
		.cache_control = asset->immutable ? "public, max-age=31536000, immutable" : "no-cache",
		.headers = (const char *)headers.data,
		.page = true,
		.close = c->close_after_reply,
		.head_only = unchanged || c->http->method == HTTP_HEAD,
	};
	http_reply_append(&c->out, c, &reply, gzip ? asset->gzip : asset->raw, gzip ? asset->gzip_bytes : asset->raw_bytes);
	http_exchange_ready(c);
}

static const char *type_of(const char *path)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		/* clang-format off */
		{".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
		{".svg", "image/svg+xml"}, {".json", "application/json"}, {".webmanifest", "application/manifest+json"},
		{".png", "image/png"}, {".woff2", "font/woff2"}, {".ico", "image/x-icon"},
		/* clang-format on */
	};
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		size_t m = strlen(types[i].ending);
		if (n > m && strcmp(path + n - m, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* Opens a regular file below the directory. Both names are resolved, so no link and no ".." leads out of the directory. Returns -1 when there is no
 * such file. */
static int open_below(const char *directory, const char *path)
{
	char joined[PATH_MAX], root[PATH_MAX], real[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(joined, sizeof joined, "%s/%s", directory, path) >= sizeof joined)
		return -1;
	if (realpath(directory, root) == NULL || realpath(joined, real) == NULL)
		return -1;
	size_t n = strlen(root);
	if (strncmp(real, root, n) != 0 || real[n] != '/')
		return -1;
	int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool read_all(int fd, struct buf *out)
{
	for (;;) {
		ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		out->len += (size_t)n;
	}
}

static bool serve_file(struct conn *c, const char *path)
{
	auto_buf content = BUF_INIT;
	int fd = open_below(c->server->config.web_dir, path);

	if (fd < 0)
		return false;
	bool whole = read_all(fd, &content);
	close(fd);
	if (!whole)
		return false;
	struct http_reply reply = {
		.status = 200,
		.type = type_of(path),
		.page = true,
		.close = c->close_after_reply,
		.head_only = c->http->method == HTTP_HEAD,
	};
	http_reply_append(&c->out, c, &reply, content.data, content.len);
	http_exchange_ready(c);
	return true;
}

bool http_document(struct conn *c, const struct http_request *r)
{
	char path[PATH_BYTES_MAX];

	if (r->path.n >= sizeof path)
		return false;
	snprintf(path, sizeof path, "%.*s", (int)r->path.n, r->path.s);
	const struct web_asset *asset = find_asset(path);
	if (asset == NULL)
		return false;
	if (r->method == HTTP_POST)
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, NULL, "Allow: GET, HEAD\r\n");
	else
		serve_asset(c, r, asset);
	return true;
}

void http_static(struct conn *c, const struct http_request *r)
{
	char path[PATH_BYTES_MAX] = ""; /* a name that is too long stays "", and no file has it */
	bool is_page = r->path.n == 1 || (r->path.n == 4 && memcmp(r->path.s, "/own", 4) == 0) ||
		       (r->path.n >= 3 && memcmp(r->path.s, "/r/", 3) == 0);

	if (is_page)
		snprintf(path, sizeof path, "/index.html");
	else if (r->path.n < sizeof path)
		snprintf(path, sizeof path, "%.*s", (int)r->path.n, r->path.s); /* no file of ours has a name that needs escapes */
	const struct web_asset *asset = c->server->config.web_dir == NULL ? find_asset(path) : NULL;
	if (asset != NULL)
		serve_asset(c, r, asset);
	else if (c->server->config.web_dir == NULL || !serve_file(c, path))
		http_exchange_refuse(c, WIRE_NOT_FOUND, 0, "there is nothing at this path", NULL);
}

void http_foreign_host(struct conn *c, const struct http_request *r)
{
	auto_buf text = BUF_INIT;
	char origin[ORIGIN_BYTES_MAX];
	struct http_reply reply = {
		.status = 421,
		.type = "text/html; charset=utf-8",
		.page = true,
		.close = c->close_after_reply,
		.head_only = c->http->method == HTTP_HEAD,
	};

	origin_of_host(c, r, origin);
	origin_warn(c, r, origin);
	buf_append_str(
		&text,
		"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Parley</title><h1>This server does not know this name</h1>"
		"<p>Its operator can allow it: start the server with</p><pre>parleyd --origin ");
	for (const char *at = origin; *at != '\0'; at++) {
		if (strchr("&<>\"'", *at) != NULL)
			buf_appendf(&text, "&#%d;", *at);
		else
			buf_append_byte(&text, (uint8_t)*at);
	}
	buf_append_str(
		&text,
		"</pre><p>or set <code>PARLEY_ORIGIN</code>, or the line <code>origin = …</code> of its configuration file. Behind a reverse "
		"proxy, <code>--trusted-proxy</code> has to name the proxy too: else https is taken for http.</p></html>\n");
	http_reply_append(&c->out, c, &reply, text.data, text.len);
	http_exchange_ready(c);
}
