#include "app/config_source.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file that is being read. */
struct reading {
	struct config_parser *parser;
	const char *file;
	unsigned number;    /* of the line */
	unsigned *given_at; /* per option of the table, its line; 0: not given yet */
};

/* Cuts the blanks off both ends, in place. */
static char *trim(char *s)
{
	s += strspn(s, " \t\r");
	size_t n = strlen(s);
	while (n && strchr(" \t\r", s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

/* A repeatable option collects its lines. Two lines of another option are refused, because one of them would be ignored without notice. */
static bool is_given_twice(struct reading *r, const struct config_option *o)
{
	size_t n;
	unsigned *given_at = &r->given_at[o - config_table(&n)];
	char name[CONFIG_NAME_BYTES];
	config_table_spell(o, CONFIG_SPELLING_FILE, name);
	if (*given_at && !o->clear) {
		snprintf(r->parser->fault, CONFIG_FAULT_BYTES, "%.200s:%u: %s is given twice, first on line %u", r->file, r->number, name,
			 *given_at);
		return true;
	}
	*given_at = r->number;
	return false;
}

static bool apply_line(struct reading *r, char *line)
{
	char *fault = r->parser->fault;
	char *name = trim(line);
	if (!*name || *name == '#')
		return true;
	char *equals = strchr(name, '=');
	if (!equals) {
		snprintf(fault, CONFIG_FAULT_BYTES, "%.200s:%u: \"%.100s\" is not of the form `name = value`", r->file, r->number, name);
		return false;
	}
	*equals = '\0';
	name = trim(name);
	char *value = trim(equals + 1);
	const struct config_option *o = config_table_find(name, strlen(name), CONFIG_SPELLING_FILE);
	if (!o || !strcmp(o->name, "config")) {
		snprintf(fault, CONFIG_FAULT_BYTES, "%.200s:%u: there is no option \"%.100s\" for this file", r->file, r->number, name);
		return false;
	}
	char where[CONFIG_FAULT_BYTES / 2 + CONFIG_NAME_BYTES];
	snprintf(where, sizeof(where), "%.150s:%u: %s", r->file, r->number, name);
	return !is_given_twice(r, o) && config_source_apply(r->parser, o, CONFIG_SOURCE_FILE, where, value);
}

/* Returns the whole file with a NUL behind it, or NULL with the errno in *error. */
static char *read_file(const char *file, size_t *n, int *error)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		*error = errno;
		return NULL;
	}
	char *text = mem_alloc(CONFIG_FILE_BYTES_MAX + 1);
	ssize_t got = 0;
	*n = 0;
	while (*n <= CONFIG_FILE_BYTES_MAX && (got = read(fd, text + *n, CONFIG_FILE_BYTES_MAX + 1 - *n)) > 0)
		*n += (size_t)got;
	*error = got < 0 ? errno : *n > CONFIG_FILE_BYTES_MAX ? EFBIG : 0;
	close(fd);
	if (*error) {
		free(text);
		return NULL;
	}
	text[*n] = '\0';
	return text;
}

/* Returns the text behind a byte-order mark, which editors write and do not show. Returns NULL when the mark names another encoding than UTF-8. */
static char *text_after_mark(char *text, size_t n)
{
	bool is_utf16 = n >= 2 && (!memcmp(text, "\xFF\xFE", 2) || !memcmp(text, "\xFE\xFF", 2));
	if (is_utf16)
		return NULL;
	return n >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3) ? text + 3 : text;
}

bool config_file_apply(struct config_parser *p, const char *file)
{
	size_t n = 0, n_options;
	int error;
	auto_free char *text = read_file(file, &n, &error);
	(void)config_table(&n_options);
	auto_free unsigned *given_at = mem_zalloc(n_options * sizeof(*given_at));
	if (!text) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--config: cannot read %.200s: %s", file, strerror(error));
		return false;
	}
	char *first = text_after_mark(text, n);
	if (!first || memchr(text, '\0', n)) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--config: %.200s is not a text file%s", file,
			 first ? "" : " of UTF-8: it is saved as UTF-16");
		return false;
	}
	struct reading r = {.parser = p, .file = file, .number = 1, .given_at = given_at};
	for (char *line = first, *next; line; line = next, r.number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!apply_line(&r, line))
			return false;
	}
	return true;
}
