#include "cli/webhook_endpoint.h"

#include "cli/cli_say.h"
#include "codec/buf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES_MAX = 256 * 1024 };

json_t *webhook_text_from_file(const char *path)
{
	auto_buf text = BUF_INIT;
	FILE *in = fopen(path, "re");
	json_t *json = NULL;

	if (in == NULL) {
		cli_tell("cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	text.len = fread(buf_reserve(&text, FILE_BYTES_MAX), 1, FILE_BYTES_MAX, in);
	if (ferror(in))
		cli_tell("cannot read %s: %s", path, strerror(errno));
	else if (text.len == FILE_BYTES_MAX)
		cli_tell("%s: longer than 256 KiB", path);
	else if (memchr(text.data, '\0', text.len) != NULL || (json = json_stringn((const char *)text.data, text.len)) == NULL)
		cli_tell("%s: not a text of UTF-8", path);
	(void)fclose(in);
	return json;
}

/* Takes a line without its end. */
static bool take_line(json_t *headers, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);

	while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
		n--;
	if (n == 0)
		return true;
	if (colon == NULL || colon == line || colon >= line + n)
		return false;
	size_t n_name = (size_t)(colon - line), at = n_name + 1;
	while (at < n && (line[at] == ' ' || line[at] == '\t'))
		at++;
	json_auto_t *name = json_stringn(line, n_name);
	return at < n && json_object_set_new(headers, json_string_value(name), json_stringn(line + at, n - at)) == 0;
}

json_t *webhook_headers_from_file(const char *path)
{
	json_auto_t *text = webhook_text_from_file(path);
	json_auto_t *headers = json_object();
	const char *line = json_string_value(text);

	for (unsigned number = 1; line != NULL && *line != '\0'; number++) {
		size_t n = strcspn(line, "\n");
		if (!take_line(headers, line, n)) {
			cli_tell("%s: line %u is no header (\"Name: value\")", path, number);
			return NULL;
		}
		line += n + (line[n] == '\n');
	}
	return text == NULL ? NULL : json_incref(headers);
}
