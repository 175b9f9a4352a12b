/*
 * parley send ROOM TEXT|-
 *
 * The message has a client_id from the start, so sending it again after a lost connection makes no second message.
 */
#include "cli/cli_say.h"
#include "cli/cli_session.h"
#include "codec/buf.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A server takes far less. This bounds the memory for an input without end. */
enum { READ_BYTES = 4096, TEXT_BYTES_MAX = 16 << 20 };

struct send_options {
	uint64_t timeout_s;
	uint64_t reply_to;
};

static const struct cli_option options_table[] = {
	{"reply-to", "SEQ", CLI_NUMBER, offsetof(struct send_options, reply_to), (1ull << 53) - 1,
	 "the message answers the one with this seq"},
	{"timeout", "SECONDS", CLI_NUMBER, offsetof(struct send_options, timeout_s), 86400, "give up after this time (default 30)"},
	{0},
};

static void set_defaults(void *options)
{
	((struct send_options *)options)->timeout_s = 30;
}

/* Reads, and waits when the process that handed stdin down has set O_NONBLOCK. */
static ssize_t read_some(void *out, size_t n)
{
	struct pollfd polled = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t got;

	do
		got = read(STDIN_FILENO, out, n);
	while (got < 0 && (errno == EINTR || (errno == EAGAIN && poll(&polled, 1, -1) >= 0)));
	return got;
}

/* Reads the lines of stdin, without the last line end. Returns false with the failure told. */
static bool read_stdin(struct buf *out)
{
	ssize_t got;

	while ((got = read_some(buf_reserve(out, READ_BYTES), READ_BYTES)) > 0 && out->len <= TEXT_BYTES_MAX)
		out->len += (size_t)got;
	if (got < 0)
		cli_tell("cannot read standard input: %s", strerror(errno));
	else if (out->len > TEXT_BYTES_MAX)
		cli_tell("the text is longer than 16 MiB");
	else if (out->len > 0 && out->data[out->len - 1] == '\n')
		out->len--;
	return got == 0;
}

static int print_sent(json_t *reply)
{
	json_t *data = parley_reply_data(reply);
	const char *room = NULL, *id = NULL;
	json_int_t seq = 0;

	if (json_unpack(data, "{s:s, s:I, s:s}", "room", &room, "seq", &seq, "id", &id) != 0) {
		cli_tell("the server's reply is not understood");
		return CLI_FAILED;
	}
	cli_print("%s %lld %s", room, (long long)seq, id);
	return CLI_OK;
}

static int send_message(struct cli_session *s, const char *room, json_t *data, int timeout_ms)
{
	json_auto_t *first = cli_session_call(s, "message.send", json_incref(data), timeout_ms, "forbidden");

	if (first == NULL)
		return CLI_FAILED;
	if (parley_reply_ok(first))
		return print_sent(first);
	if (strcmp(parley_reply_code(first), "forbidden") != 0)
		return CLI_FAILED;
	/* The user is not a member of the public room yet. */
	json_auto_t *joined = cli_session_room(s, room, timeout_ms);
	if (joined == NULL)
		return CLI_FAILED;
	json_auto_t *second = cli_session_call(s, "message.send", json_incref(data), timeout_ms, NULL);
	return parley_reply_ok(second) ? print_sent(second) : CLI_FAILED;
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	const struct send_options *options = arg;
	struct cli_session session;
	auto_buf text = BUF_INIT;

	(void)n_words;
	if (strcmp(words[1], "-") != 0)
		buf_append_str(&text, words[1]);
	else if (!read_stdin(&text))
		return CLI_FAILED;
	json_t *text_json = json_stringn(text.data == NULL ? "" : (const char *)text.data, text.len);
	json_auto_t *data = json_pack("{s:s, s:o*, s:o}", "room", words[0], "text", text_json, "client_id", parley_client_new_id());
	if (text_json == NULL || data == NULL) {
		cli_tell("the text or the room's name is not UTF-8");
		return CLI_USAGE;
	}
	if (options->reply_to > 0)
		(void)json_object_set_new(data, "reply_to", json_integer((json_int_t)options->reply_to));
	int result = cli_session_open(&session, common, (struct parley_client_options){.reconnect = true});
	if (result != CLI_OK)
		return result;
	result = send_message(&session, words[0], data, (int)options->timeout_s * 1000);
	cli_session_close(&session);
	return result;
}

const struct cli_command cmd_send = {
	.name = "send",
	.words = "ROOM TEXT|-",
	.least_words = 2,
	.most_words = 2,
	.summary = "sends one message",
	.description =
		"Sends TEXT, or the lines of standard input when it is -, as one message to ROOM (a name or an id); a public room is joined "
		"when needed.\nPrints the room's id, the message's seq and its id. When the connection is lost before the answer, the message "
		"is sent again\nunder the same client_id, which makes it one message all the same.",
	.options = options_table,
	.options_bytes = sizeof(struct send_options),
	.set_defaults = set_defaults,
	.run = run,
};
