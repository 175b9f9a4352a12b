/*
 * The common part of the commands that sign in: the choice of a token or guest name, a client, and calls that are made again when the server asks for
 * that.
 *
 * Ownership: cli_session_open() fills a struct of the caller, cli_session_close() frees what it holds. One thread.
 */
#ifndef PARLEY_CLI_CLI_SESSION_H
#define PARLEY_CLI_CLI_SESSION_H

#include "cli/cli_command.h"
#include "client/parley_client.h"

struct cli_session {
	struct parley_client *client; /* NULL when closed */
	struct waiting_call *left;    /* calls that nobody waits for any more */
	char token[512];
	char guest[80];
};

/* Signs in. `options` may hold callbacks; server, token and guest are set here. Returns CLI_OK, or CLI_FAILED or CLI_USAGE with the fault told on stderr. */
int cli_session_open(struct cli_session *s, const struct cli_common *common, struct parley_client_options options);
void cli_session_close(struct cli_session *s);

/* Makes a call, and makes it again while the answer is retryable and timeout_ms (-1: no limit) are not over. Returns a new reference, or NULL. A failure is
 * told on stderr unless its code is `quiet_code`, which may be NULL. */
json_t *cli_session_call(struct cli_session *s, const char *type, json_t *data, int timeout_ms, const char *quiet_code);

/* Makes a call that may wait for any time, and ends the waiting when stop_fd can be read: then it returns NULL. A failure is told on stderr. */
json_t *cli_session_wait(struct cli_session *s, const char *type, json_t *data, int stop_fd);

/* Joins the room if the user is not in it. Returns the room object as a new reference, or NULL with the failure told. */
json_t *cli_session_room(struct cli_session *s, const char *room, int timeout_ms);

/* The same, and returns its id alone. */
json_t *cli_session_room_id(struct cli_session *s, const char *room, int timeout_ms);

/* Tells a refused reply on stderr. `about` is the room or name that was given, or NULL. */
void cli_session_tell(const char *what, const char *about, const json_t *reply);

/* Reads a secret from a file's first line, without its line end. Returns false with the failure told. */
bool cli_secret_from_file(const char *path, char *out, size_t size);
/* Reads a secret from the terminal without echo, or from stdin when that is no terminal. */
bool cli_secret_from_prompt(const char *prompt, char *out, size_t size);

#endif
