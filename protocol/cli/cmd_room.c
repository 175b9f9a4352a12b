/*
 * parley room ACTION
 */
#include "cli/cli_action.h"
#include "cli/cli_say.h"

enum { PAGE_ROOMS = 200 };

struct room_options {
	const char *topic;
	bool is_private;
};

static const struct cli_option options_table[] = {
	{"private", NULL, CLI_FLAG, offsetof(struct room_options, is_private), 0, "create: only its members can see the room"},
	{"topic", "TEXT", CLI_TEXT, offsetof(struct room_options, topic), 0, "create: the room's topic"},
	{0},
};

static bool print_line(const json_t *room)
{
	const char *id = json_string_value(json_object_get(room, "id")), *name = json_string_value(json_object_get(room, "name"));

	if (id == NULL || name == NULL)
		return false;
	cli_print("%s %s", id, name);
	return true;
}

static int print_room(const json_t *room)
{
	return print_line(room) ? CLI_OK : cli_action_not_understood();
}

static int room_create(const struct cli_action_call *call)
{
	const struct room_options *options = call->options;
	json_auto_t *room = cli_action_ask(call, "room.create",
					   json_pack("{s:s, s:s, s:s*}", "name", call->words[0], "kind",
						     options->is_private ? "private" : "public", "topic", options->topic));

	return room != NULL ? print_room(room) : CLI_FAILED;
}

static int room_join(const struct cli_action_call *call)
{
	json_auto_t *room = cli_session_room(call->session, call->words[0], CLI_ACTION_TIMEOUT_MS);

	return room != NULL ? print_room(room) : CLI_FAILED;
}

static int room_list(const struct cli_action_call *call)
{
	json_auto_t *after = json_null();
	bool more = true;

	while (more) {
		json_auto_t *page = cli_action_ask(call, "room.list", json_pack("{s:O, s:i}", "after", after, "limit", PAGE_ROOMS));
		if (page == NULL)
			return CLI_FAILED;
		json_t *rooms = json_object_get(page, "rooms");
		if (cli_action_print_list(rooms, false, print_line) != CLI_OK)
			return CLI_FAILED;
		json_t *last = json_object_get(json_array_get(rooms, json_array_size(rooms) - 1), "name");
		more = json_is_true(json_object_get(page, "more")) && last != NULL && !json_equal(last, after);
		json_decref(after);
		after = json_incref(last); /* NULL at the end */
	}
	return CLI_OK;
}

static const struct cli_action actions[] = {
	{"create", "ROOM", 1, 1, " private topic ", room_create},
	{"join", "ROOM", 1, 1, "", room_join},
	{"list", "", 0, 0, "", room_list},
	{0},
};

static int run(const struct cli_common *common, const void *options, int n_words, char **words)
{
	return cli_action_run(&cmd_room, actions, common, options, n_words, words);
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
