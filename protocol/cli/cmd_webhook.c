/*
 * parley webhook ACTION
 *
 * A secret is alone on stdout, so that it can go into a file. Everything else goes to stderr.
 */
#include "cli/cmd_webhook.h"

#include "cli/cli_output.h"
#include "cli/cli_say.h"
#include "cli/webhook_attempt.h"
#include "cli/webhook_endpoint.h"

#include <string.h>

enum { RETRY_S_MAX = 86400 };

#define AT(member) offsetof(struct webhook_options, member)
static const struct cli_option options_table[] = {
	CLI_FILTER_OPTIONS(webhook_options),
	{"name", "NAME", CLI_TEXT, AT(name), 0, "update: another name"},
	{"url", "URL", CLI_TEXT, AT(url), 0, "update: another URL"},
	{"order", "ORDER", CLI_TEXT, AT(order), 0,
	 "create, update: per_room posts the events of a room one after the other, any several at once (create: the default)"},
	{"from", "PLACE", CLI_TEXT, AT(from), 0, "create: begin at the start of what is remembered, or at the end (the default)"},
	{"since", "TIME", CLI_TEXT, AT(since), 0,
	 "create, replay, listen: begin with what came at this time or later: 2026-01-31T12:00:00Z, 2026-01-31 (UTC), or 90m, 2h, 7d ago"},
	{"endpoint-ca", "FILE", CLI_TEXT, AT(endpoint_ca), 0,
	 "create, update, listen: certificates (PEM) to trust as the endpoint's authorities, in the place of the system's; update: '' is the system's again"},
	{"headers", "FILE", CLI_TEXT, AT(headers), 0,
	 "create, update, listen: send the headers in this file besides, one a line as in \"Name: value\"; update: '' is none"},
	{"status", "STATUS", CLI_TEXT, AT(status), 0, "update: active or disabled"},
	{"event", "ID", CLI_TEXT, AT(event), 0, "replay: this event"},
	{"from-seq", "SEQ", CLI_NUMBER, AT(from_seq), (1ull << 53) - 2, "replay: the events of the room in --room from this one on"},
	{"to-seq", "SEQ", CLI_NUMBER, AT(to_seq), (1ull << 53) - 2, "replay: ... up to this one"},
	{"set-aside", NULL, CLI_FLAG, AT(set_aside), 0, "replay: all that is set aside"},
	{"json", NULL, CLI_FLAG, AT(json), 0, "list, deliveries: print JSON lines with all that is known"},
	{"consumer", "CONSUMER", CLI_TEXT, AT(consumer), 0, "listen: read this one, which stays, in the place of one of its own"},
	{"secret-file", "FILE", CLI_TEXT, AT(secret_file), 0,
	 "listen: sign with the secret (whsec_...) in the first line of this file, not with a new one"},
	{"retry", "SECONDS", CLI_NUMBER, AT(retry_s), RETRY_S_MAX, "listen: post again after this time what was not taken (default 15)"},
	{0},
};

static json_t *about(const struct cli_action_call *call)
{
	return json_pack("{s:s}", "webhook", call->words[0]);
}

/* Puts what create and update share. Returns an exit code with the fault told. */
static int put_settings(const struct cli_action_call *call, json_t *data)
{
	const struct webhook_options *o = call->options;

	if (o->endpoint_ca != NULL &&
	    json_object_set_new(data, "ca", o->endpoint_ca[0] == '\0' ? json_string("") : webhook_text_from_file(o->endpoint_ca)) != 0)
		return CLI_FAILED;
	if (o->headers != NULL &&
	    json_object_set_new(data, "headers", o->headers[0] == '\0' ? json_object() : webhook_headers_from_file(o->headers)) != 0)
		return CLI_FAILED;
	if (o->order != NULL)
		(void)json_object_set_new(data, "order", json_string(o->order));
	return cli_filter_put(call->session, &o->filter, data);
}

static int print_secret(const json_t *data)
{
	const char *secret = json_string_value(json_object_get(data, "secret"));

	if (secret == NULL)
		return cli_action_not_understood();
	cli_print("%s", secret);
	return CLI_OK;
}

static int webhook_create(const struct cli_action_call *call)
{
	const struct webhook_options *o = call->options;
	json_auto_t *data = json_pack("{s:s, s:s, s:s*}", "name", call->words[0], "url", call->words[1], "from", o->from);

	if (data != NULL && !cli_since_put(o->since, data))
		return CLI_USAGE;
	int put = data == NULL ? CLI_OK : put_settings(call, data);
	if (put != CLI_OK)
		return put;
	json_auto_t *done = cli_action_ask(call, "webhook.create", json_incref(data));
	const char *id = json_string_value(json_object_get(json_object_get(done, "webhook"), "id"));
	if (done == NULL)
		return CLI_FAILED;
	if (id == NULL)
		return cli_action_not_understood();
	cli_tell("the secret of %s (%s) is on standard output, this once", call->words[0], id);
	return print_secret(done);
}

static bool print_webhook(const json_t *webhook)
{
	const char *id = NULL, *name = NULL, *url = NULL, *status = NULL, *failing = NULL;
	json_int_t behind = 0, waiting = 0, aside = 0;

	if (json_unpack((json_t *)webhook, "{s:s, s:s, s:s, s:s, s?s, s:I, s:I, s:I}", "id", &id, "name", &name, "url", &url, "status",
			&status, "failing_since", &failing, "behind", &behind, "waiting", &waiting, "set_aside", &aside) != 0)
		return false;
	cli_print("%s %s %lld %lld %lld %s %s", id, failing != NULL && strcmp(status, "active") == 0 ? "failing" : status,
		  (long long)behind, (long long)waiting, (long long)aside, url, name);
	return true;
}

static int webhook_list(const struct cli_action_call *call)
{
	const struct webhook_options *o = call->options;
	json_auto_t *done = cli_action_ask(call, "webhook.list", json_object());

	return done == NULL ? CLI_FAILED : cli_action_print_list(json_object_get(done, "webhooks"), o->json, print_webhook);
}

static int webhook_update(const struct cli_action_call *call)
{
	const struct webhook_options *o = call->options;
	json_auto_t *data =
		json_pack("{s:s, s:s*, s:s*, s:s*}", "webhook", call->words[0], "name", o->name, "url", o->url, "status", o->status);
	int put = data == NULL ? CLI_OK : put_settings(call, data);

	if (put != CLI_OK)
		return put;
	json_auto_t *done = cli_action_ask(call, "webhook.update", json_incref(data));
	return done == NULL ? CLI_FAILED : CLI_OK;
}

static int webhook_rotate_secret(const struct cli_action_call *call)
{
	json_auto_t *done = cli_action_ask(call, "webhook.rotate_secret", about(call));

	if (done == NULL)
		return CLI_FAILED;
	cli_tell("the new secret of %s is on standard output, this once; posts are signed with the one before as well for 24 hours",
		 call->words[0]);
	return print_secret(done);
}

static int webhook_delete(const struct cli_action_call *call)
{
	json_auto_t *done = cli_action_ask(call, "webhook.delete", about(call));

	return done == NULL ? CLI_FAILED : CLI_OK;
}

/* What a test and a delivery tell in the same words. */
static bool read_attempt(const json_t *json, struct webhook_attempt *out)
{
	*out = (struct webhook_attempt){
		.outcome = json_string_value(json_object_get(json, "outcome")),
		.status = json_integer_value(json_object_get(json, "status")),
		.latency_ms = json_integer_value(json_object_get(json, "latency_ms")),
		.reply = json_string_value(json_object_get(json, "reply")),
	};
	return out->outcome != NULL;
}

static int webhook_test(const struct cli_action_call *call)
{
	json_auto_t *done = cli_action_ask(call, "webhook.test", about(call));
	struct webhook_attempt attempt;

	if (done == NULL)
		return CLI_FAILED;
	if (!read_attempt(done, &attempt))
		return cli_action_not_understood();
	webhook_attempt_print(&attempt);
	return webhook_attempt_took(&attempt) ? CLI_OK : CLI_FAILED;
}

static bool print_delivery(const json_t *delivery)
{
	struct webhook_attempt a;

	if (!read_attempt(delivery, &a))
		return false;
	a.at = json_string_value(json_object_get(delivery, "at"));
	a.type = json_string_value(json_object_get(delivery, "type"));
	a.room = json_string_value(json_object_get(delivery, "room"));
	a.event = json_string_value(json_object_get(delivery, "event"));
	a.seq = json_integer_value(json_object_get(delivery, "seq"));
	a.tries = json_integer_value(json_object_get(delivery, "tries"));
	if (a.at == NULL || a.type == NULL || a.event == NULL)
		return false;
	webhook_attempt_print(&a);
	return true;
}

/* Pages go from the newest to the oldest. */
static int webhook_deliveries(const struct cli_action_call *call)
{
	const struct webhook_options *o = call->options;
	json_int_t after = 0;
	bool more = true;

	while (more) {
		json_t *data = about(call);
		if (data != NULL && after > 0)
			(void)json_object_set_new(data, "after", json_integer(after));
		json_auto_t *page = cli_action_ask(call, "webhook.deliveries", data);
		const json_t *deliveries = json_object_get(page, "deliveries");
		if (page == NULL || cli_action_print_list(deliveries, o->json, print_delivery) != CLI_OK)
			return CLI_FAILED;
		json_int_t last =
			json_integer_value(json_object_get(json_array_get(deliveries, json_array_size(deliveries) - 1), "delivery"));
		more = json_is_true(json_object_get(page, "more")) && last > 0 && (after == 0 || last < after);
		after = last;
	}
	return CLI_OK;
}

/* Puts the room of --room: a range is of one. */
static int put_range(const struct cli_action_call *call, json_t *data)
{
	const struct webhook_options *o = call->options;

	if ((o->filter.rooms.n > 0) != (o->from_seq > 0) || o->filter.rooms.n > 1 || (o->to_seq > 0 && o->from_seq == 0)) {
		cli_tell("a range has one --room, --from-seq, and --to-seq where it has an end");
		return CLI_USAGE;
	}
	if (o->filter.rooms.n == 0)
		return CLI_OK;
	(void)json_object_set_new(data, "from_seq", json_integer((json_int_t)o->from_seq));
	if (o->to_seq > 0)
		(void)json_object_set_new(data, "to_seq", json_integer((json_int_t)o->to_seq));
	json_t *room = cli_session_room_id(call->session, o->filter.rooms.texts[0], CLI_ACTION_TIMEOUT_MS);
	return json_object_set_new(data, "room", room) == 0 ? CLI_OK : CLI_FAILED;
}

static int webhook_replay(const struct cli_action_call *call)
{
	const struct webhook_options *o = call->options;
	json_auto_t *data = json_pack("{s:s, s:s*}", "webhook", call->words[0], "event", o->event);

	if (data != NULL && !cli_since_put(o->since, data))
		return CLI_USAGE;
	int put = data == NULL ? CLI_OK : put_range(call, data);
	if (put != CLI_OK)
		return put;
	if (o->set_aside)
		(void)json_object_set_new(data, "set_aside", json_true());
	json_auto_t *done = cli_action_ask(call, "webhook.replay", json_incref(data));
	if (done == NULL)
		return CLI_FAILED;
	if (json_is_true(json_object_get(done, "moved")))
		cli_print("moved");
	else
		cli_print("%lld", (long long)json_integer_value(json_object_get(done, "replayed")));
	return CLI_OK;
}

static const struct cli_action actions[] = {
	/* clang-format off */
	{"create", "NAME URL", 2, 2, " types room authors server-events order from since endpoint-ca headers ", webhook_create},
	{"list", "", 0, 0, " json ", webhook_list},
	{"update", "WEBHOOK", 1, 1, " types room authors server-events all-events name url order endpoint-ca headers status ", webhook_update},
	{"rotate-secret", "WEBHOOK", 1, 1, "", webhook_rotate_secret},
	{"delete", "WEBHOOK", 1, 1, "", webhook_delete},
	{"test", "WEBHOOK", 1, 1, "", webhook_test},
	{"deliveries", "WEBHOOK", 1, 1, " json ", webhook_deliveries},
	{"replay", "WEBHOOK", 1, 1, " event room from-seq to-seq since set-aside ", webhook_replay},
	{"listen", "URL", 1, 1, " types room authors server-events since endpoint-ca headers consumer secret-file retry ", webhook_listen},
	{0},
	/* clang-format on */
};

static int run(const struct cli_common *common, const void *options, int n_words, char **words)
{
	return cli_action_run(&cmd_webhook, actions, common, options, n_words, words);
}

const struct cli_command cmd_webhook = {
	.name = "webhook",
	.words = "create|list|update|rotate-secret|delete|test|deliveries|replay|listen ...",
	.least_words = 1,
	.most_words = 3,
	.summary = "outgoing webhooks: events that are posted to a URL",
	.description =
		"A webhook gets the events of the rooms that its account is a member of. WEBHOOK is its name or its id.\n"
		"create NAME URL makes one and prints its secret, this once. Its posts are signed with it (Standard Webhooks 1.0).\n"
		"list prints one's own: the id; active, failing or disabled; how many events it is behind, how many are tried again, how many are set\n"
		"aside; the URL and the name. --json tells more: why it was disabled, and since when it fails.\n"
		"update WEBHOOK changes what the options say; --status active tries one that was disabled again.\n"
		"rotate-secret WEBHOOK prints a new secret, this once; for 24 hours posts are signed with the one before as well.\n"
		"delete WEBHOOK deletes it.\n"
		"test WEBHOOK posts webhook.ping at once and prints what came of it; the exit code is 0 when the endpoint took it.\n"
		"deliveries WEBHOOK prints the newest attempts, the newest first: when, the status or why none came, the time, the event's type, room,\n"
		"seq and id, which try it was, and what an endpoint that did not take it answered.\n"
		"replay WEBHOOK delivers again: --event ID, --set-aside, --since TIME, or --room ROOM --from-seq SEQ [--to-seq SEQ]. It prints how many\n"
		"events there are, or moved where the webhook went back to a place and goes on from there.\n\n"
		"listen URL is for writing an endpoint: it reads events as a consumer of its own and posts them to URL, which only this machine has to\n"
		"reach, with the body and the signature that a server sends. For each post it prints a line as deliveries does. What was not taken\n"
		"(another status than 2xx) is posted again after a while. Ctrl-C ends it and deletes its consumer.",
	.options = options_table,
	.options_bytes = sizeof(struct webhook_options),
	.run = run,
};
