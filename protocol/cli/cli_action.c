#include "cli/cli_action.h"

#include "cli/cli_output.h"
#include "cli/cli_say.h"

#include <stdio.h>
#include <string.h>

static bool is_given(const struct cli_option *o, const char *options)
{
	const void *at = options + o->offset;

	switch (o->kind) {
	case CLI_FLAG:
		return *(const bool *)at;
	case CLI_TEXT:
		return *(const char *const *)at != NULL;
	case CLI_NUMBER:
		return *(const uint64_t *)at != 0;
	case CLI_LIST:
		return ((const struct cli_list *)at)->n > 0;
	}
	return false;
}

static bool takes(const struct cli_action *action, const char *option)
{
	char name[80];

	(void)snprintf(name, sizeof name, " %s ", option);
	return strstr(action->options, name) != NULL;
}

/* Returns the name of an option that was given and that this action does not take, or NULL. */
static const char *misplaced(const struct cli_command *command, const struct cli_action *action, const void *options)
{
	for (const struct cli_option *o = command->options; o->name != NULL; o++)
		if (is_given(o, options) && !takes(action, o->name))
			return o->name;
	return NULL;
}

static const struct cli_action *find_action(const struct cli_command *command, const struct cli_action *actions, const void *options,
					    const char *name, int n_words)
{
	const struct cli_action *action = actions;

	while (action->name != NULL && strcmp(action->name, name) != 0)
		action++;
	if (action->name == NULL) {
		cli_tell("unknown action: %s (see parley %s --help)", name, command->name);
		return NULL;
	}
	if (n_words < action->least_words || n_words > action->most_words) {
		(void)fprintf(stderr, "usage: parley %s %s%s%s\n", command->name, name, action->words[0] == '\0' ? "" : " ", action->words);
		return NULL;
	}
	const char *option = misplaced(command, action, options);
	if (option == NULL)
		return action;
	cli_tell("--%s means nothing to %s %s (see parley %s --help)", option, command->name, name, command->name);
	return NULL;
}

static void on_down(void *arg, const char *why, uint32_t retry_ms)
{
	bool *is_down = arg;

	(void)retry_ms;
	if (!*is_down)
		cli_tell("%s; trying again", why);
	*is_down = true;
}

static void on_up(void *arg, bool again)
{
	bool *is_down = arg;

	*is_down = false;
	if (again)
		cli_tell("connected again");
}

int cli_action_run(const struct cli_command *command, const struct cli_action *actions, const struct cli_common *common,
		   const void *options, int n_words, char **words)
{
	const struct cli_action *action = find_action(command, actions, options, words[0], n_words - 1);
	struct cli_session session;
	bool is_down = false;

	if (action == NULL)
		return CLI_USAGE;
	int result = cli_session_open(
		&session, common, (struct parley_client_options){.reconnect = true, .arg = &is_down, .on_down = on_down, .on_up = on_up});
	if (result != CLI_OK)
		return result;
	struct cli_action_call call = {
		.common = common, .options = options, .session = &session, .n_words = n_words - 1, .words = words + 1};
	result = action->run(&call);
	cli_session_close(&session);
	return result;
}

int cli_action_not_understood(void)
{
	cli_tell("the server's reply is not understood");
	return CLI_FAILED;
}

json_t *cli_action_ask(const struct cli_action_call *call, const char *type, json_t *data)
{
	if (data == NULL) {
		cli_tell("what is given has characters that are not UTF-8");
		return NULL;
	}
	json_auto_t *reply = cli_session_call(call->session, type, data, CLI_ACTION_TIMEOUT_MS, NULL);
	if (parley_reply_ok(reply) && parley_reply_data(reply) == NULL)
		(void)cli_action_not_understood();
	return parley_reply_ok(reply) ? json_incref(parley_reply_data(reply)) : NULL;
}

int cli_action_print_list(const json_t *items, bool json, cli_action_line_fn *line)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(items))
		return cli_action_not_understood();
	json_array_foreach(items, i, item) {
		if (json)
			cli_print_json(item);
		else if (!line(item))
			return cli_action_not_understood();
	}
	return cli_output_flush() ? CLI_OK : CLI_FAILED;
}
