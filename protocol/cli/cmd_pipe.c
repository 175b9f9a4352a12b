/*
 * parley pipe
 *
 * Requests as JSON lines in, replies and events as JSON lines out: a bot in any language that can read and write lines.
 */
#include "cli/cli_output.h"
#include "cli/cli_say.h"
#include "cli/cli_session.h"
#include "codec/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, READ_BYTES = 65536, WAITING_MAX = 500 };

struct pipe_line {
	struct buf in; /* what was read of stdin and is not a whole line yet */
	bool eof;
	bool failed;   /* stdin cannot be read, which was told */
	bool too_long; /* the present line is skipped up to its end */
};

static void print_fault(const char *code, const char *message, json_t *ref)
{
	json_auto_t *fault = json_pack("{s:s, s:O*, s:{s:s, s:s, s:b}}", "type", "error", "ref", ref, "data", "code", code, "message",
				       message, "retryable", 0);

	cli_print_json(fault);
}

static void on_event(void *arg, const struct parley_event *e)
{
	(void)arg;
	cli_print_json_bytes(e->text, e->n);
}

static void on_down(void *arg, const char *why, uint32_t retry_ms)
{
	(void)arg;
	cli_tell("%s; trying again in %u ms", why, retry_ms);
}

/* The caller's own ref (owned; NULL: none) goes back in the place of the client's. */
static void on_reply(void *arg, json_t *reply)
{
	json_auto_t *ref = arg;

	if (ref == NULL)
		(void)json_object_del(reply, "ref");
	else
		(void)json_object_set(reply, "ref", ref);
	cli_print_json(reply);
}

static void take_line(struct parley_client *client, const char *line, size_t n)
{
	json_error_t where;
	json_auto_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES, &where);
	const char *type = json_string_value(json_object_get(request, "type"));
	json_t *data = json_object_get(request, "data"), *ref = json_object_get(request, "ref");

	if (request == NULL) {
		print_fault("invalid_json", where.text, NULL);
		return;
	}
	if (type == NULL || (data != NULL && !json_is_object(data))) {
		print_fault("invalid_request", "a request is {\"type\":…,\"ref\":…,\"data\":{…}}", ref);
		return;
	}
	data = data == NULL ? json_object() : json_incref(data);
	/* With an id of its own a message can be sent again after a lost connection and is still one message. */
	if (strcmp(type, "message.send") == 0 && json_object_get(data, "client_id") == NULL)
		(void)json_object_set_new(data, "client_id", parley_client_new_id());
	parley_client_request(client, type, data, on_reply, json_incref(ref));
}

/* Every whole line that was read. */
static void take_lines(struct pipe_line *p, struct parley_client *client)
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
		if (p->too_long || n > LINE_MAX_BYTES)
			print_fault("too_large", "a line is longer than 1 MiB", NULL);
		else if (n > strspn(line, " \t\r") && n > 0)
			take_line(client, line, n);
		p->too_long = false;
		used += n + (end == NULL ? 0 : 1);
	}
	buf_consume(&p->in, used);
}

static void read_stdin(struct pipe_line *p, struct parley_client *client)
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
	take_lines(p, client);
}

/* Who we are and in which rooms, as the first line; without the token, which is a secret. */
static void print_session(struct parley_client *client)
{
	json_auto_t *data = json_copy(parley_client_session(client));
	json_auto_t *line = json_pack("{s:s, s:O}", "type", "ok", "data", data);

	(void)json_object_del(data, "token");
	cli_print_json(line);
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	struct cli_session session;
	struct pipe_line line = {0};
	int result = cli_session_open(&session, common,
				      (struct parley_client_options){.reconnect = true, .on_event = on_event, .on_down = on_down});

	(void)arg;
	(void)n_words;
	(void)words;
	if (result != CLI_OK)
		return result;
	struct parley_client *client = session.client;
	print_session(client);
	while (cli_output_flush() && !(line.eof && parley_client_n_waiting(client) == 0)) {
		bool listening = !line.eof && parley_client_n_waiting(client) < WAITING_MAX, ready = false;
		if (parley_client_run(client, -1, listening ? STDIN_FILENO : -1, &ready) != 0) {
			cli_tell("%s", parley_client_fault(client));
			result = CLI_FAILED;
			break;
		}
		if (ready)
			read_stdin(&line, client);
	}
	cli_session_close(&session);
	buf_finish(&line.in);
	return line.failed ? CLI_FAILED : result;
}

static const struct cli_option options_table[] = {{0}};

const struct cli_command cmd_pipe = {
	.name = "pipe",
	.words = "",
	.least_words = 0,
	.most_words = 0,
	.summary = "requests as JSON lines in, replies and events out",
	.description =
		"Signs in, prints the session (who, and in which rooms) as the first line, and then passes requests from standard input to the\n"
		"server, one JSON object per line. It joins no room by itself: do that first, and wait for the reply before you go on, as in\n"
		"{\"type\":\"room.join\",\"ref\":1,\"data\":{\"room\":\"general\"}}\n"
		"{\"type\":\"message.send\",\"ref\":2,\"data\":{\"room\":\"general\",\"text\":\"hi\"}}\n"
		"Replies carry the request's ref; events have none. After a lost connection everything goes on where it stopped; only a request\n"
		"that must not be done twice is answered with the code connection_lost. At the end of standard input it waits for the\n"
		"outstanding replies and ends.",
	.options = options_table,
	.options_bytes = 0,
	.run = run,
};
