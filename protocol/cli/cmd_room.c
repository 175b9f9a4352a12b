/*
 * parley room ACTION
 */
#include "cli/cli_output.h"
#include "cli/cli_say.h"
#include "cli/cli_session.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, PAGE_ROOMS = 200 };

struct room_options {
	const char *topic;
	bool is_private;
};

static const struct cli_option options_table[] = {
	{"private", NULL, CLI_FLAG, offsetof(struct room_options, is_private), 0, "create: only its members can see the room"},
	{"topic", "TEXT", CLI_TEXT, offsetof(struct room_options, topic), 0, "create: the room's topic"},
	{0},
};

/* Prints the room of a reply as a line. */
static int print_room(const json_t *room)
{
	const char *id = NULL, *name = NULL;

	if (json_unpack((json_t *)room, "{s:s, s:s}", "id", &id, "name", &name) != 0) {
		cli_tell("the server's reply is not understood");
		return CLI_FAILED;
	}
	cli_print("%s %s", id, name);
	return CLI_OK;
}

static int room_create(struct cli_session *s, const struct room_options *options, const char *name)
{
	json_t *data =
		json_pack("{s:s, s:s, s:s*}", "name", name, "kind", options->is_private ? "private" : "public", "topic", options->topic);

	if (data == NULL) {
		cli_tell("the name or the topic is not UTF-8");
		return CLI_USAGE;
	}
	json_auto_t *reply = cli_session_call(s, "room.create", data, TIMEOUT_MS, NULL);
	return parley_reply_ok(reply) ? print_room(parley_reply_data(reply)) : CLI_FAILED;
}

static int room_join(struct cli_session *s, const struct room_options *options, const char *name)
{
	(void)options;
	json_auto_t *room = cli_session_room(s, name, TIMEOUT_MS);
	return room != NULL ? print_room(room) : CLI_FAILED;
}

static int room_list(struct cli_session *s, const struct room_options *options, const char *name)
{
	json_auto_t *after = json_null();
	bool more = true;

	(void)options;
	(void)name;
	while (more) {
		json_auto_t *reply =
			cli_session_call(s, "room.list", json_pack("{s:O, s:i}", "after", after, "limit", PAGE_ROOMS), TIMEOUT_MS, NULL);
		if (!parley_reply_ok(reply))
			return CLI_FAILED;
		json_t *rooms = json_object_get(parley_reply_data(reply), "rooms"), *room;
		size_t i;
		if (!json_is_array(rooms)) {
			cli_tell("the server's reply is not understood");
			return CLI_FAILED;
		}
		json_array_foreach(rooms, i, room) {
			if (print_room(room) != CLI_OK)
				return CLI_FAILED;
		}
		json_t *last = json_object_get(json_array_get(rooms, json_array_size(rooms) - 1), "name");
		more = json_is_true(json_object_get(parley_reply_data(reply), "more")) && last != NULL && !json_equal(last, after);
		json_decref(after);
		after = json_incref(last); /* NULL at the end */
		if (!cli_output_flush())
			return CLI_FAILED;
	}
	return CLI_OK;
}

struct room_action {
	const char *name;
	int n_words; /* with the word of the action */
	int (*run)(struct cli_session *s, const struct room_options *options, const char *name);
	bool takes_options;
};

static const struct room_action actions[] = {
	{"create", 2, room_create, true},
	{"join", 2, room_join, false},
	{"list", 1, room_list, false},
};

static const struct room_action *find_action(const char *name, int n_words, const struct room_options *options)
{
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (n_words != actions[i].n_words)
			(void)fprintf(stderr, "usage: parley room %s%s\n", name, actions[i].n_words > 1 ? " ROOM" : "");
		else if (!actions[i].takes_options && (options->is_private || options->topic != NULL))
			cli_tell("--private and --topic mean nothing to room %s (see parley room --help)", name);
		else
			return &actions[i];
		return NULL;
	}
	cli_tell("unknown action: %s (see parley room --help)", name);
	return NULL;
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	const struct room_action *action = find_action(words[0], n_words, arg);
	struct cli_session session;

	if (action == NULL)
		return CLI_USAGE;
	int result = cli_session_open(&session, common, (struct parley_client_options){.reconnect = true});
	if (result != CLI_OK)
		return result;
	result = action->run(&session, arg, n_words > 1 ? words[1] : NULL);
	cli_session_close(&session);
	return result;
}

const struct cli_command cmd_room = {
	.name = "room",
	.words = "create|join|list [ROOM]",
	.least_words = 1,
	.most_words = 2,
	.summary = "makes, joins and lists rooms",
	.description = "create ROOM makes a room of this name; who makes it owns it and is in it.\n"
		       "join ROOM makes one a member of a public room (a name or an id).\n"
		       "list prints the rooms that one can see: all public ones, and one's own.\n"
		       "Each room is printed as a line: its id, a space, its name.",
	.options = options_table,
	.options_bytes = sizeof(struct room_options),
	.run = run,
};
