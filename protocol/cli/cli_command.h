/*
 * A subcommand of `parley` is a file cmd_NAME.c that ends with one constant row. The row has everything that the help, the manual page and the parser of
 * arguments need. Only the options of the chosen command are allocated; main.c owns them.
 */
#ifndef PARLEY_CLI_CLI_COMMAND_H
#define PARLEY_CLI_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 }; /* exit codes */

enum cli_kind {
	CLI_FLAG,   /* bool: true when given */
	CLI_TEXT,   /* const char * */
	CLI_NUMBER, /* uint64_t, with `most` as the largest value */
	CLI_LIST,   /* struct cli_list: may be given again */
};

enum { CLI_LIST_MAX = 100 };

struct cli_list {
	const char *texts[CLI_LIST_MAX];
	size_t n;
};

/* Tables of options end with a row without a name. */
struct cli_option {
	const char *name;  /* without the dashes */
	const char *value; /* how help shows the value; NULL for a flag */
	enum cli_kind kind;
	size_t offset; /* of the member in the struct of options */
	uint64_t most;
	const char *meaning; /* one sentence without a full stop; defaults are named in it */
};

/* The options that every command gets. */
struct cli_common {
	const char *server; /* never NULL */
	const char *ca_file;
	const char *token_file;
	const char *guest;
	bool help, version, man;
};

struct cli_command {
	const char *name;
	const char *words; /* as help shows them: "ROOM TEXT|-" */
	int least_words, most_words;
	const char *summary;     /* one line */
	const char *description; /* paragraphs */
	const struct cli_option *options;
	size_t options_bytes;                /* size of the struct of options; starts as zeros */
	bool is_local;                       /* finds its server by itself, so the first CLI_REMOTE_OPTIONS common options are refused */
	void (*set_defaults)(void *options); /* may be NULL */
	int (*run)(const struct cli_common *common, const void *options, int n_words, char **words); /* an exit code */
};

extern const struct cli_command cmd_send, cmd_tail, cmd_pipe, cmd_room, cmd_hook, cmd_consumer, cmd_webhook, cmd_bench, cmd_health,
	cmd_admin;

/* All commands, in the order of help; NULL at the end. */
extern const struct cli_command *const cli_commands[];
/* The common options; their offsets are into struct cli_common. The first CLI_REMOTE_OPTIONS are texts and name the server and the account that signs
 * in. */
enum { CLI_REMOTE_OPTIONS = 4 };
extern const struct cli_option cli_common_options[];

#endif
