/*
 * Signs in, and calls with patience.
 */
#include "cli/cli_session.h"

#include "cli/cli_say.h"
#include "client/client_clock.h"
#include "client/client_url.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiting_call {
	struct waiting_call *next; /* in session.left: the caller does not wait any more */
	json_t *reply;             /* owned by the function that takes it; NULL: there is none yet */
};

/* Refuses blanks, quotes and line ends around a token. They come from files and shells, and a server would only say that the token is unknown. */
static bool is_token(const char *where, const char *token)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (token[strspn(token, letters)] == '\0')
		return true;
	cli_tell("%s: this is no token: it has other characters than letters, digits, - and _", where);
	return false;
}

/* Takes the token file, or else the guest name, or else the token of the environment, or else a guest name made of the user's. */
static bool choose_credentials(struct cli_session *s, const struct cli_common *common, struct parley_client_options *options)
{
	const char *from_environment = getenv("PARLEY_TOKEN"), *user = getenv("USER");

	if (common->token_file != NULL) {
		if (!cli_secret_from_file(common->token_file, s->token, sizeof s->token) || !is_token(common->token_file, s->token))
			return false;
		options->token = s->token;
	} else if (common->guest != NULL) {
		options->guest = common->guest;
	} else if (from_environment != NULL && from_environment[0] != '\0') {
		if (!is_token("PARLEY_TOKEN", from_environment))
			return false;
		options->token = from_environment;
	} else {
		(void)snprintf(s->guest, sizeof s->guest, "%s", user != NULL && user[0] != '\0' ? user : "guest");
		options->guest = s->guest;
	}
	return true;
}

int cli_session_open(struct cli_session *s, const struct cli_common *common, struct parley_client_options options)
{
	*s = (struct cli_session){0};
	if (common->guest != NULL && common->token_file != NULL) {
		cli_tell("--guest and --token-file: give one of them");
		return CLI_USAGE;
	}
	struct client_url url;
	struct client_fault fault;
	if (common->ca_file != NULL && client_url_parse(common->server, &url, &fault) == 0 && !url.is_tls) {
		cli_tell("--ca-file means nothing without https://: %s", common->server);
		return CLI_USAGE;
	}
	options.server = common->server;
	options.ca_file = common->ca_file;
	if (!choose_credentials(s, common, &options))
		return CLI_FAILED;
	s->client = parley_client_create(&options);
	if (parley_client_connect(s->client) == 0)
		return CLI_OK;
	cli_tell("%s", parley_client_fault(s->client));
	cli_session_close(s);
	return CLI_FAILED;
}

void cli_session_close(struct cli_session *s)
{
	if (s->client != NULL)
		parley_client_leave(s->client);
	parley_client_destroy(s->client);
	s->client = NULL;
	while (s->left != NULL) {
		struct waiting_call *call = s->left;
		s->left = call->next;
		json_decref(call->reply);
		free(call);
	}
}

void cli_session_tell(const char *what, const char *about, const json_t *reply)
{
	cli_tell("%s%s%s: %s (%s)", what, about == NULL ? "" : ": ", about == NULL ? "" : about, parley_reply_message(reply),
		 parley_reply_code(reply));
}

/* Returns what the request is about, or NULL. */
static const char *subject_of(const json_t *data)
{
	static const char *const members[] = {"consumer", "webhook", "hook", "room", "name"};
	const char *subject = NULL;

	for (size_t i = 0; subject == NULL && i < sizeof members / sizeof members[0]; i++)
		subject = json_string_value(json_object_get(data, members[i]));
	return subject;
}

static void tell_refusal(const char *type, const json_t *data, const json_t *reply)
{
	const char *subject = subject_of(data);

	if (subject != NULL && subject == json_string_value(json_object_get(data, "room")) &&
	    strcmp(parley_reply_code(reply), "not_found") == 0)
		cli_tell("%s: %s: %s (not_found); `parley room create` makes one", type, subject, parley_reply_message(reply));
	else
		cli_session_tell(type, subject, reply);
}

static void take_reply(void *arg, json_t *reply)
{
	struct waiting_call *call = arg;

	call->reply = json_incref(reply);
}

/* Returns a new reference, or NULL after the deadline, when the client has ended, or when stop_fd (-1: none) can be read. */
static json_t *call_until(struct cli_session *s, const char *type, json_t *data, int64_t until, int stop_fd)
{
	struct waiting_call *call = calloc(1, sizeof *call);
	bool stopped = false;
	assert(call != NULL);
	parley_client_request(s->client, type, data, take_reply, call);
	while (call->reply == NULL) {
		int64_t left = until - client_clock_ms();
		if (left <= 0 || stopped) {
			call->next = s->left; /* its reply may still come */
			s->left = call;
			return NULL;
		}
		(void)parley_client_run(s->client, left > 1000 ? 1000 : (int)left, stop_fd, &stopped);
	}
	json_t *reply = call->reply;
	free(call);
	return reply;
}

json_t *cli_session_call(struct cli_session *s, const char *type, json_t *data, int timeout_ms, const char *quiet_code)
{
	json_auto_t *kept = data == NULL ? json_object() : data;

	/* The patience is somewhat shorter than the time that is left, so that the server's refusal is told and not a timeout. */
	parley_client_be_patient(s->client, timeout_ms < 0 ? UINT32_MAX : (uint32_t)(timeout_ms - timeout_ms / 10));
	json_t *reply = call_until(s, type, json_incref(kept), timeout_ms < 0 ? INT64_MAX : client_clock_ms() + timeout_ms, -1);
	if (reply == NULL) {
		const char *why = parley_client_fault(s->client);
		cli_tell("%s: no answer in time%s%s", type, why[0] == '\0' ? "" : ": ", why);
	} else if (!parley_reply_ok(reply) && (quiet_code == NULL || strcmp(parley_reply_code(reply), quiet_code) != 0)) {
		tell_refusal(type, kept, reply);
	}
	return reply;
}

json_t *cli_session_wait(struct cli_session *s, const char *type, json_t *data, int stop_fd)
{
	json_auto_t *kept = data;

	parley_client_be_patient(s->client, UINT32_MAX);
	json_t *reply = call_until(s, type, json_incref(kept), INT64_MAX, stop_fd);
	if (reply != NULL && !parley_reply_ok(reply))
		tell_refusal(type, kept, reply);
	return reply;
}

json_t *cli_session_room_id(struct cli_session *s, const char *room, int timeout_ms)
{
	json_auto_t *joined = cli_session_room(s, room, timeout_ms);
	json_t *id = json_object_get(joined, "id");

	if (joined != NULL && id == NULL)
		cli_tell("the server's reply is not understood");
	return json_incref(id);
}

json_t *cli_session_room(struct cli_session *s, const char *room, int timeout_ms)
{
	/* Joining twice is harmless, so it is not checked first. */
	json_auto_t *reply = cli_session_call(s, "room.join", json_pack("{s:s}", "room", room), timeout_ms, NULL);

	if (!parley_reply_ok(reply))
		return NULL;
	if (parley_reply_data(reply) == NULL)
		cli_tell("the server's reply is not understood");
	return json_incref(parley_reply_data(reply));
}
