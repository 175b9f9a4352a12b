#include "cli/cli_say.h"

#include "codec/text_show.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(FILE *out, const char *before, const char *format, va_list values) __attribute__((format(printf, 3, 0)));

/* A line is written by one call, so that lines of several programs do not mix. */
static void say(FILE *out, const char *before, const char *format, va_list values)
{
	auto_buf line = BUF_INIT;
	char *text;
	int n = vasprintf(&text, format, values);

	assert(n >= 0);
	buf_append_str(&line, before);
	text_show(&line, text, (size_t)n);
	buf_append_byte(&line, '\n');
	free(text);
	(void)fwrite(line.data, 1, line.len, out);
}

void cli_tell(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(stderr, "parley: ", format, values);
	va_end(values);
}

void cli_print(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(stdout, "", format, values);
	va_end(values);
}

static void print_shown(const char *text, size_t n)
{
	auto_buf shown = BUF_INIT;

	text_show(&shown, text, n);
	if (shown.len > 0)
		(void)fwrite(shown.data, 1, shown.len, stdout);
}

void cli_print_piece(const char *text)
{
	print_shown(text, strlen(text));
}

void cli_print_text(const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n\t");
		print_shown(text, n);
		if (text[n] == '\0')
			return;
		(void)fputs(text[n] == '\t' ? "\t" : "\n        ", stdout);
		text += n + 1;
	}
}

/* JSON reads an end of line between two tokens as a space, and a string holds none (RFC 8259, section 2). */
void cli_print_json_bytes(const char *json, size_t n)
{
	for (;;) {
		const char *end = json;
		while (end < json + n && *end != '\n' && *end != '\r' && *end != '\t')
			end++;
		size_t used = (size_t)(end - json);
		print_shown(json, used);
		if (used == n)
			break;
		(void)putchar(' ');
		json += used + 1;
		n -= used + 1;
	}
	(void)putchar('\n');
}

void cli_print_json(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	assert(text != NULL);
	cli_print_json_bytes(text, strlen(text));
	free(text);
}
