/*
 * parley admin ACTION
 *
 * Talks to the operator's socket in the data directory. A user who may open that socket is the operator, so there is no signing in.
 */
#include "cli/cli_output.h"
#include "cli/cli_say.h"
#include "cli/cli_session.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PASSWORD_BYTES = 1024, PAGE_EVENTS = 200 };

struct admin_options {
	const char *data;
	const char *password_file;
	bool promote;
	bool renew;
	const char *from, *to;
};

static const struct cli_option options_table[] = {
	{"data", "DIR", CLI_TEXT, offsetof(struct admin_options, data), 0, "the server's data directory (default ./parley-data)"},
	{"password-file", "FILE", CLI_TEXT, offsetof(struct admin_options, password_file), 0,
	 "read the password from the first line of this file instead of asking"},
	{"promote", NULL, CLI_FLAG, offsetof(struct admin_options, promote), 0,
	 "owner: the account is there already and keeps its password; none is asked for"},
	{"renew", NULL, CLI_FLAG, offsetof(struct admin_options, renew), 0,
	 "bot: it is there already; every token it had is void, its connections are closed"},
	{"from", "DATABASE", CLI_TEXT, offsetof(struct admin_options, from), 0, "copy: the store that moves, sqlite:DIR or postgresql://…"},
	{"to", "DATABASE", CLI_TEXT, offsetof(struct admin_options, to), 0, "copy: where it moves to, an empty one of the other kind"},
	{0},
};

static void set_defaults(void *options)
{
	((struct admin_options *)options)->data = "parley-data";
}

struct admin {
	struct parley_client *client;
	const struct admin_options *options;
	const char *word; /* NAME, ROOM or PATH; NULL when the action has none */
};

/* Returns the reply data as a new reference, or NULL with the failure told. */
static json_t *call(const struct admin *a, const char *type, json_t *data)
{
	json_auto_t *reply = parley_client_call(a->client, type, data);

	if (parley_reply_ok(reply))
		return json_incref(parley_reply_data(reply));
	if (reply == NULL)
		cli_tell("%s", parley_client_fault(a->client));
	else if (strcmp(type, "admin.bot") == 0 && strcmp(parley_reply_code(reply), "name_taken") == 0)
		cli_tell("admin.bot: %s (name_taken); where it is a bot, --renew gives it another token", parley_reply_message(reply));
	else
		cli_session_tell(type, a->word, reply);
	return NULL;
}

static bool read_password(const struct admin_options *options, char *out)
{
	char again[PASSWORD_BYTES];

	if (options->password_file != NULL)
		return cli_secret_from_file(options->password_file, out, PASSWORD_BYTES);
	if (!cli_secret_from_prompt("password", out, PASSWORD_BYTES) || !cli_secret_from_prompt("once more", again, sizeof again))
		return false;
	if (strcmp(out, again) == 0)
		return true;
	cli_tell("the two passwords differ");
	return false;
}

/* Returns the reply to a request about a.word, with a password if one is asked for, or NULL with the failure told. */
static json_t *call_about_person(const struct admin *a, const char *type, bool with_password)
{
	char password[PASSWORD_BYTES];
	json_t *data = json_pack("{s:s}", "name", a->word);

	if (with_password) {
		if (!read_password(a->options, password)) {
			json_decref(data);
			return NULL;
		}
		(void)json_object_set_new(data, "password", json_string(password));
		explicit_bzero(password, sizeof password);
	}
	return call(a, type, data);
}

static int admin_owner(const struct admin *a)
{
	json_auto_t *done = call_about_person(a, "admin.owner", !a->options->promote);

	if (done == NULL)
		return CLI_FAILED;
	cli_print("%s owns this server (%s)", a->word, json_string_value(json_object_get(done, "user_id")));
	return CLI_OK;
}

static int admin_account(const struct admin *a)
{
	json_auto_t *done = call_about_person(a, "admin.account", true);

	if (done == NULL)
		return CLI_FAILED;
	cli_print("%s has an account (%s)", a->word, json_string_value(json_object_get(done, "user_id")));
	return CLI_OK;
}

static int admin_password(const struct admin *a)
{
	json_auto_t *done = call_about_person(a, "admin.password", true);

	if (done == NULL)
		return CLI_FAILED;
	cli_print("%s has a new password", a->word);
	return CLI_OK;
}

/* The token is alone on stdout, so that it can go into a file. Everything else goes to stderr. */
static int admin_bot(const struct admin *a)
{
	json_auto_t *done = call(a, "admin.bot", json_pack("{s:s, s:b}", "name", a->word, "renew", (int)a->options->renew));
	const char *token = json_string_value(json_object_get(done, "token"));

	if (token == NULL)
		return CLI_FAILED;
	cli_tell("the token of %s is on standard output, this once", a->word);
	cli_print("%s", token);
	return CLI_OK;
}

static int admin_export(const struct admin *a)
{
	json_int_t after = 0;
	bool more = true;

	while (more) {
		json_auto_t *page =
			call(a, "admin.export", json_pack("{s:s, s:I, s:i}", "room", a->word, "after", after, "limit", PAGE_EVENTS));
		json_t *events = json_object_get(page, "events"), *event;
		json_int_t before = after;
		size_t i;
		if (page == NULL)
			return CLI_FAILED;
		json_array_foreach(events, i, event) {
			cli_print_json(event);
			after = json_integer_value(json_object_get(event, "seq"));
		}
		more = json_is_true(json_object_get(page, "more"));
		if (more && after <= before) {
			cli_tell("the export does not move on after seq %lld", (long long)after);
			return CLI_FAILED;
		}
		if (!cli_output_flush())
			return CLI_FAILED;
	}
	return CLI_OK;
}

static int admin_backup(const struct admin *a)
{
	/* The server has another working directory, so it gets a whole path. */
	char here[4096], path[8192];
	bool relative = a->word[0] != '/';

	if (relative && realpath(".", here) == NULL)
		return CLI_FAILED;
	(void)snprintf(path, sizeof path, "%s%s%s", relative ? here : "", relative ? "/" : "", a->word);
	json_auto_t *done = call(a, "admin.backup", json_pack("{s:s}", "path", path));
	if (done == NULL)
		return CLI_FAILED;
	cli_print("%s", path);
	return CLI_OK;
}

static int admin_verify(const struct admin *a)
{
	json_auto_t *done = call(a, "admin.verify", NULL);
	json_t *faults = json_object_get(done, "faults"), *fault;
	size_t i;

	if (done == NULL)
		return CLI_FAILED;
	json_array_foreach(faults, i, fault)
		cli_print("%s", json_string_value(fault));
	cli_print("rooms: %lld, events: %lld, faults: %zu", (long long)json_integer_value(json_object_get(done, "rooms")),
		  (long long)json_integer_value(json_object_get(done, "events")), json_array_size(faults));
	return json_array_size(faults) == 0 ? CLI_OK : CLI_FAILED;
}

/* Only parleyd knows the databases. This process becomes it, so that signals, the terminal and the exit status are its own. */
static int admin_copy(const struct admin *a)
{
	char here[4096], beside[sizeof here + sizeof "/parleyd"];
	ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
	const char *words[] = {"parleyd", "copy", a->options->from, a->options->to, NULL};

	if (a->options->from == NULL || a->options->to == NULL) {
		cli_tell("copy needs --from and --to (see parley admin --help)");
		return CLI_USAGE;
	}
	if (n > 0) {
		here[n] = '\0';
		(void)snprintf(beside, sizeof beside, "%s/parleyd", dirname(here));
		(void)execv(beside, (char *const *)words);
	}
	(void)execvp("parleyd", (char *const *)words);
	cli_tell("the databases are copied by parleyd, which is neither beside parley nor in PATH (%s)", strerror(errno));
	return CLI_FAILED;
}

struct admin_action {
	const char *name;
	const char *word; /* the argument after it; NULL: none */
	int (*run)(const struct admin *a);
	unsigned takes;  /* the options that this action takes */
	bool is_offline; /* no server runs: there is no client */
};

enum { TAKES_PASSWORD_FILE = 1, TAKES_PROMOTE = 2, TAKES_RENEW = 4, TAKES_FROM_AND_TO = 8 };

static const struct admin_action actions[] = {
	/* clang-format off */
	{"owner", "NAME", admin_owner, TAKES_PASSWORD_FILE | TAKES_PROMOTE, false},
	{"account", "NAME", admin_account, TAKES_PASSWORD_FILE, false},
	{"bot", "NAME", admin_bot, TAKES_RENEW, false},
	{"password", "NAME", admin_password, TAKES_PASSWORD_FILE, false},
	{"export", "ROOM", admin_export, 0, false},
	{"backup", "PATH", admin_backup, 0, false},
	{"verify", NULL, admin_verify, 0, false},
	{"copy", NULL, admin_copy, TAKES_FROM_AND_TO, true},
	/* clang-format on */
};

/* Returns an option that was given and that this action does not take, or NULL. */
static const char *misplaced(const struct admin_action *action, const struct admin_options *given)
{
	if (given->password_file != NULL && !(action->takes & TAKES_PASSWORD_FILE))
		return "--password-file";
	if (given->promote && !(action->takes & TAKES_PROMOTE))
		return "--promote";
	if ((given->from != NULL || given->to != NULL) && !(action->takes & TAKES_FROM_AND_TO))
		return given->from != NULL ? "--from" : "--to";
	return given->renew && !(action->takes & TAKES_RENEW) ? "--renew" : NULL;
}

static const struct admin_action *find_action(const char *name, int n_words)
{
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (n_words == (actions[i].word == NULL ? 1 : 2))
			return &actions[i];
		(void)fprintf(stderr, "usage: parley admin %s %s\n", name, actions[i].word == NULL ? "" : actions[i].word);
		return NULL;
	}
	cli_tell("unknown action: %s (see parley admin --help)", name);
	return NULL;
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	struct admin a = {.options = arg, .word = n_words > 1 ? words[1] : NULL};
	const struct admin_action *action = find_action(words[0], n_words);
	char server[4200];

	(void)common;
	if (action == NULL)
		return CLI_USAGE;
	const char *option = misplaced(action, a.options);
	if (option != NULL) {
		cli_tell("%s means nothing to admin %s (see parley admin --help)", option, action->name);
		return CLI_USAGE;
	}
	if (action->is_offline)
		return action->run(&a);
	(void)snprintf(server, sizeof server, "unix:%s/operator.sock", a.options->data);
	struct parley_client_options options = {.server = server};
	a.client = parley_client_create(&options);
	int result = CLI_FAILED;
	if (parley_client_connect(a.client) != 0) {
		cli_tell("%s; is --data the data directory of a running server?", parley_client_fault(a.client));
	} else {
		result = action->run(&a);
		parley_client_leave(a.client);
	}
	parley_client_destroy(a.client);
	return result;
}

const struct cli_command cmd_admin = {
	.name = "admin",
	.words = "ACTION [NAME|ROOM|PATH]",
	.least_words = 1,
	.most_words = 2,
	.summary = "what an operator does, over the socket in the data directory",
	.description =
		"owner NAME makes an account that owns the server (asks for a password); with --promote, an account that is there does.\n"
		"account NAME makes an account for a person (asks for a password), also where --accounts closed lets nobody make one.\n"
		"bot NAME makes a bot and prints its token, once; with --renew, another token for a bot that is there, in place of all it had.\n"
		"password NAME sets a new password (asks for it) and signs the account out everywhere; the token of a bot stays.\n"
		"export ROOM prints all events of a room as JSON lines.\n"
		"backup PATH copies the store to a new file while the server runs.\n"
		"verify checks the store: each event as it was stored, seqs contiguous, references whole; prints each fault and ends with 1 when there is one.\n"
		"copy --from sqlite:DIR --to postgresql://… moves the whole store of a server that does not run, or moves it back; it compares every\n"
		"row, and when it was ended it goes on.",
	.options = options_table,
	.options_bytes = sizeof(struct admin_options),
	.is_local = true,
	.set_defaults = set_defaults,
	.run = run,
};
