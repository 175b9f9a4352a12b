/*
 * The reader of request heads. Its result does not depend on what follows a head, or on the pieces in which it arrives. A refused head stays refused. The texts that it reads are
 * bytes of the head, each at its place.
 */
#include "net/http/http_request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { EVERY_PREFIX_BYTES = 128 }; /* of longer inputs, some prefixes only: each costs a reading */

/* In memory of exactly its size, so that a sanitizer sees one byte too many being read. The texts point into *exact, which is the caller's. */
static enum http_request_result read_prefix(const uint8_t *data, size_t n, struct http_request *out, char **exact)
{
	*exact = malloc(n > 0 ? n : 1);
	if (*exact == NULL)
		abort();
	if (n > 0)
		memcpy(*exact, data, n);
	return http_request_read(*exact, n, out);
}

static void check_text(struct http_text text, const char *bytes, size_t n)
{
	if (text.s == NULL) {
		assert(text.n == 0);
		return;
	}
	assert(text.s >= bytes && text.s <= bytes + n && text.n <= (size_t)(bytes + n - text.s));
	for (size_t i = 0; i < text.n; i++)
		assert(text.s[i] == '\t' || ((unsigned char)text.s[i] >= ' ' && text.s[i] != 0x7f));
}

/* Each line is the request's, a field's or empty: none was left out. */
static size_t count_lines(const char *bytes, size_t n)
{
	size_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += bytes[i] == '\n';
	return lines;
}

static void check_whole(const struct http_request *r, const char *bytes, size_t n)
{
	const char *at = bytes;

	assert(r->n_bytes >= 4 && r->n_bytes <= n && memcmp(bytes + r->n_bytes - 4, "\r\n\r\n", 4) == 0);
	assert(r->method == HTTP_GET || r->method == HTTP_HEAD || r->method == HTTP_POST || r->method == HTTP_OTHER);
	assert(r->path.n > 0 && r->path.s[0] == '/' && memchr(r->path.s, '?', r->path.n) == NULL);
	assert(r->content_length >= HTTP_NO_LENGTH && r->n_fields <= HTTP_FIELDS_MAX);
	assert(r->is_http_10 || r->host.s != NULL);
	assert(count_lines(bytes, r->n_bytes) == r->n_fields + (bytes[0] == '\r' ? 3 : 2));
	if (r->path.n > 1 || (r->path.s >= bytes && r->path.s < bytes + n))
		check_text(r->path, bytes, n); /* "/" may be the reader's own */
	check_text(r->query, bytes, r->n_bytes);
	check_text(r->host, bytes, r->n_bytes);
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct http_field *f = &r->fields[i];
		check_text(f->name, bytes, r->n_bytes);
		check_text(f->value, bytes, r->n_bytes);
		assert(f->name.n > 0 && f->name.s > at && f->value.s > f->name.s && f->name.s[f->name.n] == ':' && f->name.s[-1] == '\n');
		at = f->name.s;
	}
}

static void check_same(const struct http_request *a, const char *a_bytes, const struct http_request *b, const char *b_bytes)
{
	assert(a->n_bytes == b->n_bytes && a->content_length == b->content_length && a->n_fields == b->n_fields && a->method == b->method);
	for (size_t i = 0; i < a->n_fields; i++)
		assert(a->fields[i].name.s - a_bytes == b->fields[i].name.s - b_bytes && a->fields[i].value.n == b->fields[i].value.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_request whole, part;
	char *bytes, *part_bytes;
	enum http_request_result result = read_prefix(data, n, &whole, &bytes);
	size_t longest = n;

	if (result == HTTP_REQUEST_WHOLE) {
		check_whole(&whole, bytes, n);
		assert(read_prefix(data, whole.n_bytes, &part, &part_bytes) == HTTP_REQUEST_WHOLE);
		check_same(&whole, bytes, &part, part_bytes);
		free(part_bytes);
		longest = whole.n_bytes - 1;
	} else if (result == HTTP_REQUEST_BAD) {
		assert(whole.status >= 400 && whole.status <= 599);
	}
	bool was_bad = false;
	for (size_t k = 0; k <= longest; k += k < EVERY_PREFIX_BYTES ? 1 : longest / 64 + 1) {
		enum http_request_result early = read_prefix(data, k, &part, &part_bytes);

		assert(early == HTTP_REQUEST_MORE || (early == HTTP_REQUEST_BAD && result == HTTP_REQUEST_BAD) || k == n);
		assert(!was_bad || (early == HTTP_REQUEST_BAD && part.status == whole.status && part.fault == whole.fault));
		was_bad = early == HTTP_REQUEST_BAD;
		free(part_bytes);
	}
	free(bytes);
	return 0;
}
