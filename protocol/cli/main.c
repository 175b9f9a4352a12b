/*
 * parley, the command-line client: reads the command line, finds the command and runs it.
 */
#include "cli/cli_help.h"
#include "cli/cli_output.h"
#include "cli/cli_parse.h"
#include "cli/cli_say.h"
#include "codec/standard_streams.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

const struct cli_command *const cli_commands[] = {&cmd_send,    &cmd_tail,  &cmd_pipe,   &cmd_room,  &cmd_hook, &cmd_consumer,
						  &cmd_webhook, &cmd_bench, &cmd_health, &cmd_admin, NULL};

#define COMMON(member) offsetof(struct cli_common, member)
const struct cli_option cli_common_options[] = {
	{"server", "URL", CLI_TEXT, COMMON(server), 0,
	 "where the server is: HOST:PORT or http://HOST:PORT, https://HOST:PORT or unix:/PATH (else PARLEY_SERVER, else http://127.0.0.1:8080)"},
	{"ca-file", "FILE", CLI_TEXT, COMMON(ca_file), 0,
	 "https: trust the authorities whose certificates (PEM) are in this file, not the system's"},
	{"token-file", "FILE", CLI_TEXT, COMMON(token_file), 0, "sign in with the token in this file (else PARLEY_TOKEN)"},
	{"guest", "NAME", CLI_TEXT, COMMON(guest), 0, "sign in as a guest of this name (without a token, the default is $USER)"},
	{"help", NULL, CLI_FLAG, COMMON(help), 0, "show this and end"},
	{"version", NULL, CLI_FLAG, COMMON(version), 0, "show the version and end"},
	{"man", NULL, CLI_FLAG, COMMON(man), 0, "write the manual page (roff) and end"},
	{0},
};

/* Returns a common option that was given to a command that does not take it, or NULL. */
static const char *misplaced(const struct cli_line *line)
{
	for (size_t i = 0; line->command->is_local && i < CLI_REMOTE_OPTIONS; i++)
		if (*(const char *const *)(const void *)((const char *)&line->common + cli_common_options[i].offset) != NULL)
			return cli_common_options[i].name;
	return NULL;
}

static int run(struct cli_line *line)
{
	if (line->common.version) {
		(void)printf("parley %s\n", PARLEY_VERSION);
		return CLI_OK;
	}
	if (line->common.man) {
		cli_help_man();
		return CLI_OK;
	}
	if (line->common.help) {
		if (line->command == NULL)
			cli_help_all();
		else
			cli_help_command(line->command);
		return CLI_OK;
	}
	if (line->command == NULL) {
		(void)fprintf(stderr, "usage: parley [OPTION]... COMMAND ... (see parley --help)\n");
		return CLI_USAGE;
	}
	const char *option = misplaced(line);
	if (option != NULL) {
		cli_tell("--%s means nothing to %s, which speaks over the socket in --data", option, line->command->name);
		return CLI_USAGE;
	}
	if (line->common.server == NULL)
		line->common.server = getenv("PARLEY_SERVER");
	if (line->common.server == NULL || line->common.server[0] == '\0')
		line->common.server = "http://127.0.0.1:8080";
	return line->command->run(&line->common, line->options, line->n_words, line->words);
}

/* Ignores SIGPIPE and SIGXFSZ, which would end the process. The write to a reader that has gone, or to a file at its size limit, then returns an error. */
static void ignore_signals(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct cli_output output;
	struct cli_line line;

	ignore_signals();
	if (standard_streams_open() < 0) {
		cli_tell("standard input, output or error is closed, and there is no /dev/null to put in its place");
		return CLI_FAILED;
	}
	if (!cli_output_begin(&output))
		return CLI_FAILED;
	int result = cli_parse(argc, argv, &line);
	if (result == CLI_OK)
		result = run(&line);
	free(line.options);
	return cli_output_end(&output, result);
}
