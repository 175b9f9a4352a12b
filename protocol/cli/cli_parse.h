/*
 * Reads the command line by the tables of cli_command.h. Options are --name value and --name=value, anywhere before "--". Every other argument is a word,
 * and the first word names the command. Faults are told on stderr, with the option's name.
 */
#ifndef PARLEY_CLI_CLI_PARSE_H
#define PARLEY_CLI_CLI_PARSE_H

#include "cli/cli_command.h"

struct cli_line {
	struct cli_common common;
	const struct cli_command *command; /* NULL: the line names none */
	void *options;                     /* of the command; owned, free() it */
	int n_words;                       /* without the command's name */
	char **words;                      /* into argv, which is reordered */
};

/* Returns CLI_OK or CLI_USAGE. */
int cli_parse(int argc, char **argv, struct cli_line *out);

#endif
