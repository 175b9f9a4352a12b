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
}

void cli_session_tell(const char *what, const char *about, const json_t *reply)
{
	cli_tell("%s%s%s: %s (%s)", what, about == NULL ? "" : ": ", about == NULL ? "" : about, parley_reply_message(reply),
		 parley_reply_code(reply));
}

/* A NULL room means that the request names none. */
static void tell_refusal(const char *type, const char *room, const json_t *reply)
{
	if (room != NULL && strcmp(parley_reply_code(reply), "not_found") == 0)
		cli_tell("%s: %s: %s (not_found); `parley room create` makes one", type, room, parley_reply_message(reply));
	else
		cli_session_tell(type, room, reply);
}

struct waiting_call {
	json_t *reply; /* owned by the function that takes it */
	bool left;     /* the caller does not wait any more */
};

static void take_reply(void *arg, json_t *reply)
{
	struct waiting_call *call = arg;

	if (call->left)
		free(call);
	else
		call->reply = json_incref(reply);
}

/* Returns a new reference, or NULL after the deadline or when the client has ended. */
static json_t *call_until(struct cli_session *s, const char *type, json_t *data, int64_t until)
{
	struct waiting_call *call = calloc(1, sizeof *call);
	assert(call != NULL);
	parley_client_request(s->client, type, data, take_reply, call);
	while (call->reply == NULL) {
		int64_t left = until - client_clock_ms();
		if (left <= 0) {
			call->left = true; /* the reply frees it, or the end of the process does */
			return NULL;
		}
		(void)parley_client_run(s->client, left > 1000 ? 1000 : (int)left, -1, NULL);
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
	json_t *reply = call_until(s, type, json_incref(kept), timeout_ms < 0 ? INT64_MAX : client_clock_ms() + timeout_ms);
	if (reply == NULL) {
		const char *why = parley_client_fault(s->client);
		cli_tell("%s: no answer in time%s%s", type, why[0] == '\0' ? "" : ": ", why);
	} else if (!parley_reply_ok(reply) && (quiet_code == NULL || strcmp(parley_reply_code(reply), quiet_code) != 0)) {
		tell_refusal(type, json_string_value(json_object_get(kept, "room")), reply);
	}
	return reply;
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
