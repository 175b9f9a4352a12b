/*
 * parley tail ROOM
 *
 * Follows a room without a hole or a repetition, also through lost connections and restarts of the server.
 */
#include "cli/cli_output.h"
#include "cli/cli_say.h"
#include "cli/cli_session.h"
#include "client/parley_follow.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct tail_options {
	const char *after;
	bool json;
};

static const struct cli_option options_table[] = {
	{"after", "SEQ", CLI_TEXT, offsetof(struct tail_options, after), 0,
	 "begin after this seq (0: with the first event) instead of now"},
	{"json", NULL, CLI_FLAG, offsetof(struct tail_options, json), 0, "print events as JSON lines, with those that are not remembered"},
	{0},
};

struct tail {
	bool json;
	bool following;
	bool early; /* an event arrived before the room was followed */
	bool down;  /* the connection is lost, and that was told */
	struct parley_follow follow;
};

/* Prints "2026-01-31T12:00:00.123Z" as local time. */
static void print_time(const char *timestamp)
{
	struct tm utc = {0}, local;
	char text[32] = "?";

	if (timestamp != NULL && strptime(timestamp, "%Y-%m-%dT%H:%M:%S", &utc) != NULL) {
		time_t when = timegm(&utc);
		if (localtime_r(&when, &local) != NULL)
			(void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
	}
	(void)fputs(text, stdout);
}

static const char *name_of(const json_t *data, const char *member)
{
	const char *name = json_string_value(json_object_get(json_object_get(data, member), "name"));

	return name == NULL ? "?" : name;
}

static void print_text(const json_t *data)
{
	const char *text = json_string_value(json_object_get(data, "text"));

	cli_print_text(text == NULL ? "" : text);
}

/* What changes a message names it by its seq. Returns false when the event is another one. */
static bool print_change(const char *type, const json_t *data)
{
	bool edits = strcmp(type, "message.edited") == 0;

	if (!edits && strcmp(type, "message.deleted") != 0)
		return false;
	(void)fputs("* ", stdout);
	cli_print_piece(name_of(data, edits ? "author" : "by"));
	(void)printf(edits ? " edited %lld: " : " deleted %lld", (long long)json_integer_value(json_object_get(data, "message")));
	if (edits)
		print_text(data);
	return true;
}

static void print_line(const struct parley_event *e)
{
	const json_t *data = json_object_get(e->json, "data");

	(void)printf("%llu  ", (unsigned long long)e->seq);
	print_time(json_string_value(json_object_get(e->json, "timestamp")));
	(void)fputs("  ", stdout);
	if (strcmp(e->type, "message.created") == 0) {
		cli_print_piece(name_of(data, "author"));
		const char *style = json_string_value(json_object_get(data, "style"));
		(void)fputs(style != NULL && strcmp(style, "action") == 0 ? " " : ": ", stdout);
		print_text(data);
	} else if (!print_change(e->type, data)) {
		(void)fputs("* ", stdout);
		cli_print_piece(name_of(data, strncmp(e->type, "member.", 7) == 0 ? "user" : "by"));
		(void)putchar(' ');
		cli_print_piece(e->type);
	}
	(void)putchar('\n');
}

static void show(void *arg, const struct parley_event *e)
{
	const struct tail *t = arg;

	if (t->json)
		cli_print_json_bytes(e->text, e->n);
	else if (e->seq > 0)
		print_line(e);
	else if (strcmp(e->type, "room.gap") == 0)
		cli_tell(parley_gap_is_void(e) ? "the server was set back to an earlier state of the room; what follows is its newest page"
					       : "events are missing here: the server's stored data is damaged");
}

static void on_event(void *arg, const struct parley_event *e)
{
	struct tail *t = arg;

	if (t->following)
		parley_follow_take(&t->follow, e);
	else
		t->early = true;
}

static void on_down(void *arg, const char *why, uint32_t retry_ms)
{
	struct tail *t = arg;

	(void)retry_ms;
	if (!t->down)
		cli_tell("%s; trying again", why);
	t->down = true;
}

static void on_up(void *arg, bool again)
{
	struct tail *t = arg;

	t->down = false;
	if (!again)
		return;
	cli_tell("connected again");
	if (t->following)
		parley_follow_resume(&t->follow);
}

static bool parse_seq(const char *text, uint64_t *out)
{
	char end;
	unsigned long long value;

	if (text == NULL)
		return true;
	bool ok = text[0] >= '0' && text[0] <= '9' && sscanf(text, "%18llu%c", &value, &end) == 1;
	if (!ok)
		cli_tell("--after: not a seq: %s", text);
	else
		*out = value;
	return ok;
}

static int follow(struct cli_session *session, struct tail *tail)
{
	int reader = cli_output_reader();
	bool gone = false;

	while (parley_client_run(session->client, -1, reader, &gone) == 0) {
		if (!cli_output_flush() || gone)
			return CLI_FAILED;
		if (tail->follow.fault[0] != '\0') {
			cli_tell("%s", tail->follow.fault);
			return CLI_FAILED;
		}
	}
	cli_tell("%s", parley_client_fault(session->client));
	return CLI_FAILED;
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	const struct tail_options *options = arg;
	struct tail tail = {.json = options->json};
	struct cli_session session;
	uint64_t after = 0;

	(void)n_words;
	if (!parse_seq(options->after, &after))
		return CLI_USAGE;
	struct parley_client_options callbacks = {
		.reconnect = true, .arg = &tail, .on_event = on_event, .on_down = on_down, .on_up = on_up};
	int result = cli_session_open(&session, common, callbacks);
	if (result != CLI_OK)
		return result;
	json_auto_t *room = cli_session_room(&session, words[0], 30000);
	const char *id = json_string_value(json_object_get(room, "id"));
	if (id == NULL) {
		cli_session_close(&session);
		return CLI_FAILED;
	}
	uint64_t last = (uint64_t)json_integer_value(json_object_get(room, "last_seq"));
	if (options->after != NULL && after > last) {
		cli_tell("--after: the room ends at %llu: %s", (unsigned long long)last, options->after);
		cli_session_close(&session);
		return CLI_FAILED;
	}
	/* Events that arrived with the reply to room.join are read from the history. */
	bool behind = tail.early || (options->after != NULL && after < last);
	parley_client_be_patient(session.client, UINT32_MAX); /* for what is read from the history */
	parley_follow_init(&tail.follow, session.client, id, options->after == NULL ? last : after, behind, show, &tail);
	tail.following = true;
	result = follow(&session, &tail);
	cli_session_close(&session);
	return result;
}

const struct cli_command cmd_tail = {
	.name = "tail",
	.words = "ROOM",
	.least_words = 1,
	.most_words = 1,
	.summary = "prints a room's events as they happen",
	.description =
		"Follows ROOM (a name or an id; a public room is joined when needed) from now, or from any seq, until it is stopped. A lost\n"
		"connection or a restart of the server is bridged: no event is missed, none is printed twice. It ends when the account leaves the\n"
		"room, or is no member of it any more because the server was set back to an earlier state.",
	.options = options_table,
	.options_bytes = sizeof(struct tail_options),
	.run = run,
};
