/*
 * parley pipe
 *
 * Reads requests as JSON lines and writes replies and events as JSON lines, for a bot in any language that can read and write lines.
 */
#include "cli/cli_output.h"
#include "cli/cli_say.h"
#include "cli/cli_session.h"
#include "cli/pipe_lanes.h"
#include "codec/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, READ_BYTES = 65536, WAITING_MAX = 500, PATIENCE_S = 300 };

struct pipe_options {
	uint64_t patience_s;
};

static const struct cli_option options_table[] = {
	{"patience", "SECONDS", CLI_NUMBER, offsetof(struct pipe_options, patience_s), 86400,
	 "make a request again for so long, where the server asks to make it later (default 300)"},
	{0},
};

static void set_defaults(void *options)
{
	((struct pipe_options *)options)->patience_s = PATIENCE_S;
}

struct pipe_input {
	struct buf in;    /* the beginning of a line of stdin whose end was not read yet */
	uint64_t n_lines; /* so far */
	bool eof;
	bool failed;   /* stdin cannot be read; the fault was told */
	bool too_long; /* the line is too long and is skipped up to its end */
};

/* Counts and tells a line that is no request. */
static void refuse_line(struct pipe_lanes *lanes, uint64_t line, const char *code, const char *message, json_t *ref)
{
	json_auto_t *fault = json_pack("{s:s, s:O*, s:{s:s, s:s, s:b}}", "type", "error", "ref", ref, "data", "code", code, "message",
				       message, "retryable", 0);

	pipe_lanes_count(lanes, line, code);
	cli_print_json(fault);
}

static void on_event(void *arg, const struct parley_event *e)
{
	(void)arg;
	cli_print_json_bytes(e->text, e->n);
}

static void on_patience(void *arg, const json_t *reply)
{
	bool *told = arg;

	if (!*told)
		cli_tell("the server asks for patience, and is given it: %s (%s)", parley_reply_message(reply), parley_reply_code(reply));
	*told = true;
}

static void print_reply(json_t *reply)
{
	cli_print_json(reply);
}

static void on_down(void *arg, const char *why, uint32_t retry_ms)
{
	(void)arg;
	cli_tell("%s; trying again in %u ms", why, retry_ms);
}

static void take_line(struct pipe_lanes *lanes, uint64_t number, const char *line, size_t n)
{
	json_error_t where;
	json_auto_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES, &where);
	const char *type = json_string_value(json_object_get(request, "type"));
	json_t *data = json_object_get(request, "data"), *ref = json_object_get(request, "ref");

	if (request == NULL) {
		refuse_line(lanes, number, "invalid_json", where.text, NULL);
		return;
	}
	if (type == NULL || (data != NULL && !json_is_object(data))) {
		refuse_line(lanes, number, "invalid_request", "a request is {\"type\":…,\"ref\":…,\"data\":{…}}", ref);
		return;
	}
	data = data == NULL ? json_object() : json_incref(data);
	/* A message with a client_id can be sent again after a lost connection and stays one message. */
	if (strcmp(type, "message.send") == 0 && json_object_get(data, "client_id") == NULL)
		(void)json_object_set_new(data, "client_id", parley_client_new_id());
	pipe_lanes_add(lanes, number, type, data, json_incref(ref));
}

/* Takes every whole line that was read. */
static void take_lines(struct pipe_input *p, struct pipe_lanes *lanes)
{
	size_t used = 0;

	while (used < p->in.len) {
		const char *line = (const char *)p->in.data + used;
		const char *end = memchr(line, '\n', p->in.len - used);
		size_t n = end == NULL ? p->in.len - used : (size_t)(end - line);
		if (end == NULL && !p->eof) {
			if (n <= LINE_MAX_BYTES)
				break;
			p->too_long = true;
			used += n;
			break;
		}
		p->n_lines++;
		if (p->too_long || n > LINE_MAX_BYTES)
			refuse_line(lanes, p->n_lines, "too_large", "a line is longer than 1 MiB", NULL);
		else if (n > strspn(line, " \t\r") && n > 0)
			take_line(lanes, p->n_lines, line, n);
		p->too_long = false;
		used += n + (end == NULL ? 0 : 1);
	}
	buf_consume(&p->in, used);
}

static void read_stdin(struct pipe_input *p, struct pipe_lanes *lanes)
{
	ssize_t got = read(STDIN_FILENO, buf_reserve(&p->in, READ_BYTES), READ_BYTES);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got > 0)
		p->in.len += (size_t)got;
	else
		p->eof = true;
	p->failed = got < 0;
	if (p->failed)
		cli_tell("cannot read standard input: %s", strerror(errno));
	take_lines(p, lanes);
}

/* Prints the session as the first line: the account and its rooms, without the token, which is a secret. */
static void print_session(struct parley_client *client)
{
	json_auto_t *data = json_copy(parley_client_session(client));
	json_auto_t *line = json_pack("{s:s, s:O}", "type", "ok", "data", data);

	(void)json_object_del(data, "token");
	cli_print_json(line);
}

/* Runs until the input has ended and everything is answered. Returns an exit code. */
static int pass_on(struct pipe_input *input, struct pipe_lanes *lanes)
{
	struct parley_client *client = lanes->client;

	while (cli_output_flush()) {
		pipe_lanes_turn(lanes);
		if (input->eof && lanes->n_waiting == 0)
			return CLI_OK;
		bool listening = !input->eof && lanes->n_waiting < WAITING_MAX, ready = false;
		if (parley_client_run(client, -1, listening ? STDIN_FILENO : -1, &ready) != 0) {
			pipe_lanes_end(lanes, parley_client_fault(client));
			cli_tell("%s", parley_client_fault(client));
			return CLI_FAILED;
		}
		if (ready)
			read_stdin(input, lanes);
	}
	return CLI_FAILED;
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	const struct pipe_options *options = arg;
	struct cli_session session;
	struct pipe_input input = {0};
	struct pipe_lanes lanes = {.on_reply = print_reply};
	bool patience_told = false;
	struct parley_client_options callbacks = {
		.reconnect = true, .arg = &patience_told, .on_event = on_event, .on_down = on_down, .on_patience = on_patience};
	int result = cli_session_open(&session, common, callbacks);

	(void)n_words;
	(void)words;
	if (result != CLI_OK)
		return result;
	lanes.client = session.client;
	parley_client_be_patient(session.client, (uint32_t)options->patience_s * 1000);
	print_session(session.client);
	result = pass_on(&input, &lanes);
	if (pipe_lanes_tell(&lanes) || input.failed)
		result = CLI_FAILED;
	cli_session_close(&session);
	pipe_lanes_finish(&lanes);
	buf_finish(&input.in);
	return result;
}

const struct cli_command cmd_pipe = {
	.name = "pipe",
	.words = "",
	.least_words = 0,
	.most_words = 0,
	.summary = "requests as JSON lines in, replies and events out",
	.description =
		"Signs in, prints the session (who, and in which rooms) as the first line, and then passes requests from standard input to the\n"
		"server, one JSON object per line. It joins no room by itself: do that first, as in\n"
		"{\"type\":\"room.join\",\"ref\":1,\"data\":{\"room\":\"general\"}}\n"
		"{\"type\":\"message.send\",\"ref\":2,\"data\":{\"room\":\"general\",\"text\":\"hi\"}}\n"
		"Requests that name the same room by the same word (room.create by the new room's name) go out one after the other, each when the\n"
		"one before was answered, and so do those that name none. Where the server asks to make a request later (rate_limited,\n"
		"unavailable), it is made again when the server says, and what is behind it waits; the requests of other rooms go on.\n\n"
		"Each request gets one reply, which carries its ref; events have none. After a lost connection everything goes on where it stopped;\n"
		"only a request that must not be done twice is answered with the code connection_lost. One that the server answers by closing the\n"
		"connection gets connection_closed and is not sent again. At the end of standard input it waits for the outstanding replies and ends.\n"
		"What was refused is told on standard error, by code, and the exit code is then 1; it is 0 when every request was answered with ok.",
	.options = options_table,
	.options_bytes = sizeof(struct pipe_options),
	.set_defaults = set_defaults,
	.run = run,
};
