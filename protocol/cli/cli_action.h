/*
 * Commands whose first word names an action, such as `parley hook list`: a table of actions in place of a run() for each. All of the command's options
 * start as zeros, so that one that was given can be told from one that was not.
 */
#ifndef PARLEY_CLI_CLI_ACTION_H
#define PARLEY_CLI_CLI_ACTION_H

#include "cli/cli_session.h"

enum { CLI_ACTION_TIMEOUT_MS = 30000 };

struct cli_action_call {
	const struct cli_common *common;
	const void *options;
	struct cli_session *session; /* signed in; it comes back after a loss, and tells of both */
	int n_words;                 /* behind the action's name */
	char **words;
};

/* Tables of actions end with a row without a name. */
struct cli_action {
	const char *name;
	const char *words; /* behind it, as the usage shows them; "": none */
	int least_words, most_words;
	const char *options; /* the names of those of the command's options that it takes, a space before and behind each: " json " */
	int (*run)(const struct cli_action_call *call); /* an exit code */
};

/* Finds the action, checks its words and options, signs in and runs it. Returns an exit code with every fault told. */
int cli_action_run(const struct cli_command *command, const struct cli_action *actions, const struct cli_common *common,
		   const void *options, int n_words, char **words);

/* Makes a call. Steals data; it is NULL when a text in it is not UTF-8. Returns the reply's data as a new reference, or NULL with the failure
 * told. */
json_t *cli_action_ask(const struct cli_action_call *call, const char *type, json_t *data);

/* Prints what an action answers: whole as JSON, or as a line of some members. */
typedef bool cli_action_line_fn(const json_t *item); /* false: a member is missing */
int cli_action_print_list(const json_t *items, bool json, cli_action_line_fn *line);
int cli_action_not_understood(void);

#endif
