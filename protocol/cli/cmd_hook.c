/*
 * parley hook ACTION
 *
 * An address is a secret: it is alone on stdout, so that it can go into a file. Of a hook that asks a service the secret that signs the questions is on the next line.
 * Everything else goes to stderr.
 */
#include "cli/cli_action.h"
#include "cli/cli_say.h"
#include "client/client_url.h"

#include <string.h>

enum { SECRET_BYTES = 512 };

struct hook_options {
	const char *adapter, *template, *secret_file, *asks, *command, *hint, *about;
	struct cli_list words;
	bool json;
};

static const struct cli_option options_table[] = {
	{"adapter", "NAME", CLI_TEXT, offsetof(struct hook_options, adapter), 0,
	 "create: whose form posts have: slack, github, gitlab, alertmanager, discord or generic (default slack; generic with a template)"},
	{"template", "TEXT", CLI_TEXT, offsetof(struct hook_options, template), 0,
	 "create: what a post of any JSON says, in one line with {field.path} where a value goes"},
	{"secret-file", "FILE", CLI_TEXT, offsetof(struct hook_options, secret_file), 0,
	 "create: posts have to be signed with the secret in the first line of this file"},
	{"asks", "URL", CLI_TEXT, offsetof(struct hook_options, asks), 0,
	 "create: the service at this URL answers when somebody types the command, or begins a message with a word"},
	{"command", "NAME", CLI_TEXT, offsetof(struct hook_options, command), 0, "create, with --asks: the command is /NAME"},
	{"hint", "TEXT", CLI_TEXT, offsetof(struct hook_options, hint), 0,
	 "create, with --asks: what is typed behind the command, as in VERSION"},
	{"about", "TEXT", CLI_TEXT, offsetof(struct hook_options, about), 0, "create, with --asks: what the command does, in a sentence"},
	{"word", "WORD", CLI_LIST, offsetof(struct hook_options, words), 0,
	 "create, with --asks: messages that begin with this word; may be given again"},
	{"json", NULL, CLI_FLAG, offsetof(struct hook_options, json), 0, "list: print whole hooks as JSON lines"},
	{0},
};

/* The server tells the path of an address. The rest is where the server was found. */
static int print_address(const struct cli_action_call *call, const json_t *data)
{
	const char *path = json_string_value(json_object_get(data, "url"));
	struct client_url url;
	struct client_fault fault;

	if (path == NULL || path[0] != '/')
		return cli_action_not_understood();
	if (client_url_parse(call->common->server, &url, &fault) != 0 || url.is_unix)
		cli_print("%s", path);
	else
		cli_print("%s://%s%s", url.is_tls ? "https" : "http", url.host_header, path);
	return CLI_OK;
}

/* A type.ask. NULL: it has none, or a text in it is not UTF-8. */
static json_t *service_of(const struct hook_options *o)
{
	if (o->asks == NULL)
		return NULL;
	json_t *words = o->words.n > 0 ? json_array() : NULL;
	for (size_t i = 0; i < o->words.n; i++)
		(void)json_array_append_new(words, json_string(o->words.texts[i]));
	return json_pack("{s:s, s:s*, s:s*, s:s*, s:o*}", "url", o->asks, "command", o->command, "hint", o->hint, "description", o->about,
			 "words", words);
}

static int print_made(const struct cli_action_call *call, const json_t *done, const char *id)
{
	const char *secret = json_string_value(json_object_get(done, "secret"));

	cli_tell("the address of %s (%s)%s on standard output, this once", call->words[1], id,
		 secret == NULL ? " is" : ", and behind it the secret that signs what its service is asked, are");
	int rc = print_address(call, done);
	if (rc == CLI_OK && secret != NULL)
		cli_print("%s", secret);
	return rc;
}

static int hook_create(const struct cli_action_call *call)
{
	const struct hook_options *options = call->options;
	char secret[SECRET_BYTES];

	if (options->asks == NULL &&
	    (options->command != NULL || options->hint != NULL || options->about != NULL || options->words.n > 0)) {
		cli_tell("--command, --hint, --about and --word need --asks");
		return CLI_USAGE;
	}
	if (options->secret_file != NULL && !cli_secret_from_file(options->secret_file, secret, sizeof secret))
		return CLI_FAILED;
	json_auto_t *done = cli_action_ask(call, "hook.create",
					   json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:o*}", "room", call->words[0], "name", call->words[1],
						     "adapter", options->adapter, "template", options->template, "secret",
						     options->secret_file == NULL ? NULL : secret, "asks", service_of(options)));
	explicit_bzero(secret, sizeof secret);
	const char *id = json_string_value(json_object_get(json_object_get(done, "hook"), "id"));
	if (done == NULL)
		return CLI_FAILED;
	if (id == NULL)
		return cli_action_not_understood();
	return print_made(call, done, id);
}

static bool print_hook(const json_t *hook)
{
	const char *id = json_string_value(json_object_get(hook, "id")), *name = json_string_value(json_object_get(hook, "name"));
	const char *adapter = json_string_value(json_object_get(hook, "adapter")), *used = json_string_value(json_object_get(hook, "used"));

	if (id == NULL || name == NULL || adapter == NULL)
		return false;
	cli_print("%s %s %s %s %s", id, adapter, json_is_true(json_object_get(hook, "signed")) ? "signed" : "unsigned",
		  used == NULL ? "unused" : used, name);
	return true;
}

static int hook_list(const struct cli_action_call *call)
{
	const struct hook_options *options = call->options;
	json_auto_t *done = cli_action_ask(call, "hook.list", json_pack("{s:s}", "room", call->words[0]));

	return done == NULL ? CLI_FAILED : cli_action_print_list(json_object_get(done, "hooks"), options->json, print_hook);
}

static int hook_rotate(const struct cli_action_call *call)
{
	json_auto_t *done = cli_action_ask(call, "hook.rotate", json_pack("{s:s}", "hook", call->words[0]));

	if (done == NULL)
		return CLI_FAILED;
	cli_tell("the new address of %s is on standard output, this once; the one before is void", call->words[0]);
	return print_address(call, done);
}

static int hook_delete(const struct cli_action_call *call)
{
	json_auto_t *done = cli_action_ask(call, "hook.delete", json_pack("{s:s}", "hook", call->words[0]));

	return done == NULL ? CLI_FAILED : CLI_OK;
}

static const struct cli_action actions[] = {
	{"create", "ROOM NAME", 2, 2, " adapter template secret-file asks command hint about word ", hook_create},
	{"list", "ROOM", 1, 1, " json ", hook_list},
	{"rotate", "ID", 1, 1, "", hook_rotate},
	{"delete", "ID", 1, 1, "", hook_delete},
	{0},
};

static int run(const struct cli_common *common, const void *options, int n_words, char **words)
{
	return cli_action_run(&cmd_hook, actions, common, options, n_words, words);
}

const struct cli_command cmd_hook = {
	.name = "hook",
	.words = "create|list|rotate|delete ...",
	.least_words = 1,
	.most_words = 3,
	.summary = "incoming webhooks: addresses through which other programs post into a room",
	.description =
		"create ROOM NAME makes one that posts under this name, and prints its address, this once. Who knows the address can post.\n"
		"With --asks it has a service answer what people type as well; then the secret that signs the questions is printed behind the address.\n"
		"list ROOM prints a room's: the id, the adapter, signed or unsigned, the day of the last use or unused, and the name.\n"
		"rotate ID gives it another address and prints that; the one before is void.\n"
		"delete ID deletes it; what it posted stays.\n\n"
		"The room's owner and the server's may do this. In an address the word behind the last / can name another adapter, as in .../github.",
	.options = options_table,
	.options_bytes = sizeof(struct hook_options),
	.run = run,
};
