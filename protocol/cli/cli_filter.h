/*
 * What events a consumer or a webhook gets, as options: their types, rooms and authors, and where it begins.
 */
#ifndef PARLEY_CLI_CLI_FILTER_H
#define PARLEY_CLI_CLI_FILTER_H

#include "cli/cli_session.h"

struct cli_filter_options {
	struct cli_list rooms;
	const char *types, *authors;
	bool server_events, all_events;
};

/* Rows for a table of options. `options` is the struct of options, which has a member `filter`. */
#define CLI_FILTER_OPTIONS(options) \
	{ \
		"types", \
		"TYPES", \
		CLI_TEXT, \
		offsetof(struct options, filter.types), \
		0, \
		"only events of these types, with a comma between two; * behind a beginning stands for any end: message.*,room.updated"}, \
		{"room",   "ROOM", \
		 CLI_LIST, offsetof(struct options, filter.rooms), \
		 0,        "only events of this room (a name or an id; a public room is joined when needed); may be given again"}, \
		{"authors", "KINDS", \
		 CLI_TEXT,  offsetof(struct options, filter.authors), \
		 0,         "only what these kinds of account do, with a comma between two: person, bot, guest, hook"}, \
		{"server-events", \
		 NULL, \
		 CLI_FLAG, \
		 offsetof(struct options, filter.server_events), \
		 0, \
		 "for the server's owners: what concerns the whole server as well, such as user.created"}, \
	{ \
		"all-events", NULL, CLI_FLAG, offsetof(struct options, filter.all_events), 0, "update: all events, where a filter was set" \
	}

/* Puts type.filter into data["filter"] where an option was given. Returns an exit code with the failure told. */
int cli_filter_put(struct cli_session *s, const struct cli_filter_options *options, json_t *data);
/* Puts a time into data["since_ms"], unless the text is NULL. Returns false with the fault told. */
bool cli_since_put(const char *text, json_t *data);

#endif
