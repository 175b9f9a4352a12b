/*
 * Prints the one table in three forms.
 */
#include "cli/cli_help.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_COLUMN = 24 };

static void print_options(const struct cli_option *options)
{
	for (; options != NULL && options->name != NULL; options++) {
		char left[80];
		int n = snprintf(left, sizeof left, "--%s%s%s", options->name, options->value == NULL ? "" : " ",
				 options->value == NULL ? "" : options->value);
		(void)printf("  %-*s%s%s\n", OPTION_COLUMN, left, n >= OPTION_COLUMN ? "  " : "", options->meaning);
	}
}

void cli_help_all(void)
{
	(void)printf("usage: parley [OPTION]... COMMAND ...\n\nTalks to a Parley server.\n\nCommands:\n");
	for (size_t i = 0; cli_commands[i] != NULL; i++)
		(void)printf("  %-*s%s\n", OPTION_COLUMN, cli_commands[i]->name, cli_commands[i]->summary);
	(void)printf("\nOptions of every command (admin has --data in place of the first %d):\n", CLI_REMOTE_OPTIONS);
	print_options(cli_common_options);
	(void)printf(
		"\n`parley COMMAND --help` tells more. Exit codes: 0 done, 1 refused or failed (output that is lost, too), 2 wrong usage.\n"
		"Characters that a terminal would obey are shown as JSON escapes them (\\u001b).\n");
}

void cli_help_command(const struct cli_command *command)
{
	(void)printf("usage: parley %s [OPTION]...%s%s\n\n%s.\n\n%s\n", command->name, command->words[0] == '\0' ? "" : " ", command->words,
		     command->summary, command->description);
	if (command->options != NULL && command->options->name != NULL) {
		(void)printf("\nOptions:\n");
		print_options(command->options);
	}
	(void)printf("\nOptions of every command:\n");
	print_options(cli_common_options + (command->is_local ? CLI_REMOTE_OPTIONS : 0));
}

/* Prints text for roff: hyphens and backslashes are escaped, and no line begins with a control character. */
static void man_text(const char *text)
{
	for (bool line_start = true; *text != '\0'; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			(void)fputs("\\&", stdout);
		if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (*text == '-')
			(void)fputs("\\-", stdout);
		else if (text[0] == '\n' && text[1] == '\n') {
			(void)fputs("\n.PP", stdout);
		} else if (text[0] == '\n' && !line_start && text[-1] == '.') { /* a list of sentences, one a line */
			(void)fputs("\n.br\n", stdout);
		} else
			(void)putchar(*text);
		line_start = *text == '\n';
	}
}

static void man_options(const struct cli_option *options)
{
	for (; options != NULL && options->name != NULL; options++) {
		(void)printf(".TP\n.B \\-\\-");
		man_text(options->name);
		if (options->value != NULL)
			(void)printf(" \\fI%s\\fR", options->value);
		(void)putchar('\n');
		man_text(options->meaning);
		(void)printf(".\n");
	}
}

void cli_help_man(void)
{
	(void)printf(".TH PARLEY 1 \"\" \"parley %s\" \"Parley\"\n.SH NAME\nparley \\- talk to a Parley server\n", PARLEY_VERSION);
	(void)printf(".SH SYNOPSIS\n.B parley\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR ...\n.SH OPTIONS OF EVERY COMMAND\n");
	man_options(cli_common_options);
	(void)printf(".SH COMMANDS\n");
	for (size_t i = 0; cli_commands[i] != NULL; i++) {
		const struct cli_command *c = cli_commands[i];
		(void)printf(".SS parley %s [OPTION]... ", c->name);
		man_text(c->words);
		(void)putchar('\n');
		man_text(c->summary);
		(void)printf(".\n.PP\n");
		man_text(c->description);
		(void)putchar('\n');
		man_options(c->options);
	}
	(void)printf(
		".SH ENVIRONMENT\n.TP\n.B PARLEY_SERVER\nThe server's URL, when \\-\\-server is not given.\n"
		".TP\n.B PARLEY_TOKEN\nThe token to sign in with, when neither \\-\\-token\\-file nor \\-\\-guest is given.\n"
		".SH OUTPUT\nCharacters that a terminal would obey are shown as JSON escapes them (\\eu001b).\n"
		".SH EXIT STATUS\n0 done, 1 refused or failed, or output was lost, 2 wrong usage.\nA closed standard output is an error before anything is "
		"done; a reader of it that goes away ends the program with 1, without a message.\n.SH SEE ALSO\n.BR parleyd (8)\n");
}
