/*
 * Prints how the server's reader reads heads, for a program that compares it with another reader. Standard input: heads, each behind its length as four
 * bytes, the lowest first. Standard output: a line of JSON for each. In texts a character stands for a byte.
 *
 *     {"result":"whole","n_bytes":…,"method":…,"is_http_10":…,"path":…,"query":…,"host":…,"content_length":…,"fields":[[name,value],…]}
 *     {"result":"more"}
 *     {"result":"bad","status":…,"fault":…}
 */
#include "net/http/http_request.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES_MAX = 1 << 20 };

static void print_text(const char *before, struct http_text text)
{
	fputs(before, stdout);
	if (text.s == NULL) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.s[i];
		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_whole(const struct http_request *r)
{
	static const char *const methods[] = {[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST", [HTTP_OTHER] = "OTHER"};

	printf("{\"result\":\"whole\",\"n_bytes\":%zu,\"method\":\"%s\",\"is_http_10\":%s,\"content_length\":%" PRId64, r->n_bytes,
	       methods[r->method], r->is_http_10 ? "true" : "false", r->content_length);
	print_text(",\"path\":", r->path);
	print_text(",\"query\":", r->query);
	print_text(",\"host\":", r->host);
	fputs(",\"fields\":[", stdout);
	for (size_t i = 0; i < r->n_fields; i++) {
		print_text(i > 0 ? ",[" : "[", r->fields[i].name);
		print_text(",", r->fields[i].value);
		putchar(']');
	}
	fputs("]}\n", stdout);
}

static void read_one(const char *bytes, size_t n)
{
	struct http_request r;

	switch (http_request_read(bytes, n, &r)) {
	case HTTP_REQUEST_WHOLE:
		print_whole(&r);
		break;
	case HTTP_REQUEST_MORE:
		puts("{\"result\":\"more\"}");
		break;
	case HTTP_REQUEST_BAD:
		printf("{\"result\":\"bad\",\"status\":%d", r.status);
		print_text(",\"fault\":", (struct http_text){r.fault, r.fault != NULL ? strlen(r.fault) : 0});
		puts("}");
		break;
	}
}

int main(void)
{
	unsigned char length[4];

	while (fread(length, 1, sizeof length, stdin) == sizeof length) {
		size_t n = (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
		char *exact =
			n <= HEAD_BYTES_MAX ? malloc(n + 1) : NULL; /* of its size, so that a sanitizer sees one byte too many being read */
		if (exact == NULL || fread(exact, 1, n, stdin) != n)
			return 1;
		read_one(exact, n);
		free(exact);
		if (fflush(stdout) != 0)
			return 1;
	}
	return 0;
}
