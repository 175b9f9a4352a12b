/*
 * Reads the line twice: first to find the command, and then with the options of that command.
 */
#include "cli/cli_parse.h"

#include "cli/cli_say.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_option *find_option(const struct cli_option *table, const char *name, size_t n)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strlen(table->name) == n && strncmp(table->name, name, n) == 0)
			return table;
	return NULL;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	*out = value;
	return errno == 0 && *end == '\0' && value <= most;
}

static int store_again(const struct cli_option *o, struct cli_list *list, const char *value)
{
	if (list->n == CLI_LIST_MAX) {
		cli_tell("--%s: given more than %d times", o->name, CLI_LIST_MAX);
		return CLI_USAGE;
	}
	list->texts[list->n++] = value;
	return CLI_OK;
}

static int store(const struct cli_option *o, char *base, const char *value)
{
	char *at = base + o->offset;

	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)(void *)at = true;
		return CLI_OK;
	case CLI_TEXT:
		*(const char **)(void *)at = value;
		return CLI_OK;
	case CLI_NUMBER:
		if (parse_number(value, o->most, (uint64_t *)(void *)at))
			return CLI_OK;
		cli_tell("--%s: not a number from 0 to %llu: %s", o->name, (unsigned long long)o->most, value);
		return CLI_USAGE;
	case CLI_LIST:
		return store_again(o, (struct cli_list *)(void *)at, value);
	}
	return CLI_USAGE;
}

/* Reads one option at argv[*i]. Moves *i to the next argument when that is its value. */
static int take_option(struct cli_line *line, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *value = NULL;
	size_t n = strcspn(name, "=");
	char *base = (char *)&line->common;
	const struct cli_option *o = find_option(cli_common_options, name, n);

	if (o == NULL && line->command != NULL) {
		o = find_option(line->command->options, name, n);
		base = line->options;
	}
	if (o == NULL) {
		cli_tell("unknown option: --%.*s (see parley --help)", (int)n, name);
		return CLI_USAGE;
	}
	if (name[n] == '=')
		value = name + n + 1;
	if (o->kind == CLI_FLAG && value != NULL) {
		cli_tell("--%s takes no value", o->name);
		return CLI_USAGE;
	}
	if (o->kind != CLI_FLAG && value == NULL) {
		if (*i + 1 >= argc) {
			cli_tell("--%s needs a value: %s", o->name, o->value);
			return CLI_USAGE;
		}
		value = argv[++*i];
	}
	return store(o, base, value);
}

/* Returns whether argv[i] is an option, of any table, whose value is the next argument. */
static bool takes_next(const char *argument)
{
	const char *name = argument + 2;
	size_t n = strlen(name);
	const struct cli_option *o = find_option(cli_common_options, name, n);

	for (size_t i = 0; o == NULL && cli_commands[i] != NULL; i++)
		o = find_option(cli_commands[i]->options, name, n);
	return o != NULL && o->kind != CLI_FLAG;
}

static bool is_option(const char *argument)
{
	return argument[0] == '-' && argument[1] == '-' && argument[2] != '\0';
}

/* Returns the first word of the line, or NULL. */
static const char *first_word(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1 < argc ? argv[i + 1] : NULL;
		if (!is_option(argv[i]))
			return argv[i];
		if (takes_next(argv[i]))
			i++;
	}
	return NULL;
}

static int find_command(struct cli_line *out, const char *name)
{
	for (size_t i = 0; cli_commands[i] != NULL; i++)
		if (strcmp(cli_commands[i]->name, name) == 0)
			out->command = cli_commands[i];
	if (out->command == NULL) {
		cli_tell("unknown command: %s (see parley --help)", name);
		return CLI_USAGE;
	}
	out->options = calloc(1, out->command->options_bytes + 1);
	assert(out->options != NULL);
	if (out->command->set_defaults != NULL)
		out->command->set_defaults(out->options);
	return CLI_OK;
}

int cli_parse(int argc, char **argv, struct cli_line *out)
{
	const char *name = first_word(argc, argv);
	bool only_words = false;
	int n = 0;

	*out = (struct cli_line){0};
	if (name != NULL && find_command(out, name) != CLI_OK)
		return CLI_USAGE;
	for (int i = 1; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (only_words || !is_option(argv[i]))
			argv[n++] = argv[i];
		else if (take_option(out, argc, argv, &i) != CLI_OK)
			return CLI_USAGE;
	}
	if (out->command == NULL)
		return CLI_OK;
	out->words = argv + 1; /* argv[0] is now the command's name */
	out->n_words = n - 1;
	if (out->common.help || (out->n_words >= out->command->least_words && out->n_words <= out->command->most_words))
		return CLI_OK;
	(void)fprintf(stderr, "usage: parley %s %s (see parley %s --help)\n", name, out->command->words, name);
	return CLI_USAGE;
}
