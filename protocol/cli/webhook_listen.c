/*
 * parley webhook listen URL
 *
 * A consumer is read one event at a time, and each is posted as a webhook's endpoint gets it. The consumer is all the memory there is: what the endpoint took
 * is acknowledged, and anything else comes back to the consumer after its time.
 */
#include "cli/cli_output.h"
#include "cli/cli_say.h"
#include "cli/cli_stop.h"
#include "cli/cmd_webhook.h"
#include "cli/webhook_attempt.h"
#include "cli/webhook_endpoint.h"
#include "cli/webhook_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAIT_MS = 30000,
	TIMEOUT_MS = 15000, /* a server's, for an endpoint */
	RETRY_S = 15,
	TRIES_MAX = 1000,
	DELETE_MS = 5000,
	NAME_BYTES = 64,
	SECRET_BYTES = 256,
};

struct listener {
	const struct cli_action_call *call;
	const struct webhook_options *options;
	int stop_fd;
	char consumer[NAME_BYTES]; /* its own; "": the one that was named */
	uint32_t ack_wait_ms;      /* the consumer's */
	struct webhook_post *post;
};

static const char *consumer_of(const struct listener *l)
{
	return l->consumer[0] != '\0' ? l->consumer : l->options->consumer;
}

/* Tells the secret only where nobody else knows it. */
static bool choose_secret(const struct webhook_options *options, struct webhook_secret *out)
{
	char text[SECRET_BYTES];

	if (options->secret_file == NULL) {
		webhook_secret_make(text);
		cli_tell("the posts are signed with %s", text);
	} else if (!cli_secret_from_file(options->secret_file, text, sizeof text)) {
		return false;
	}
	bool good = webhook_secret_parse(text, strlen(text), out);
	if (!good)
		cli_tell("%s: a secret is whsec_ and 24 to 64 bytes as base64", options->secret_file);
	explicit_bzero(text, sizeof text);
	return good;
}

/* The name tells people what it is, where it stayed because this process was killed. */
static int create_consumer(struct listener *l)
{
	const struct webhook_options *o = l->options;
	json_auto_t *id = parley_client_new_id();
	json_auto_t *data = json_object();

	if (!cli_since_put(o->since, data))
		return CLI_USAGE;
	int put = cli_filter_put(l->call->session, &o->filter, data);
	if (put != CLI_OK)
		return put;
	(void)snprintf(l->consumer, sizeof l->consumer, "webhook listen %s", json_string_value(id));
	uint64_t retry_s = o->retry_s > 0 ? o->retry_s : RETRY_S;
	(void)json_object_set_new(data, "name", json_string(l->consumer));
	(void)json_object_set_new(data, "ack_wait_ms", json_integer((json_int_t)retry_s * 1000));
	(void)json_object_set_new(data, "max_tries", json_integer(TRIES_MAX));
	json_auto_t *done = cli_action_ask(l->call, "consumer.create", json_incref(data));
	l->ack_wait_ms = (uint32_t)retry_s * 1000;
	if (done == NULL)
		l->consumer[0] = '\0';
	return done != NULL ? CLI_OK : CLI_FAILED;
}

static bool is_named(const json_t *consumer, const char *which)
{
	const char *id = json_string_value(json_object_get(consumer, "id")), *name = json_string_value(json_object_get(consumer, "name"));

	return (id != NULL && strcmp(id, which) == 0) || (name != NULL && strcmp(name, which) == 0);
}

static int find_consumer(struct listener *l)
{
	json_auto_t *done = cli_action_ask(l->call, "consumer.list", json_object());
	const json_t *consumer;
	size_t i;

	json_array_foreach(json_object_get(done, "consumers"), i, consumer) {
		if (is_named(consumer, l->options->consumer))
			l->ack_wait_ms = (uint32_t)json_integer_value(json_object_get(consumer, "ack_wait_ms"));
	}
	if (done != NULL && l->ack_wait_ms == 0)
		cli_tell("there is no consumer of this name or id: %s", l->options->consumer);
	return l->ack_wait_ms > 0 ? CLI_OK : CLI_FAILED;
}

/* Returns false with the failure told. An acknowledgement that is lost lets the event come again. */
static bool pass_on(const struct listener *l, const json_t *delivery)
{
	const json_t *event = json_object_get(delivery, "event"), *number = json_object_get(delivery, "delivery");
	struct webhook_post_outcome outcome;
	struct webhook_attempt attempt = {
		.outcome = "failed",
		.type = json_string_value(json_object_get(event, "type")),
		.room = json_string_value(json_object_get(event, "room")),
		.event = json_string_value(json_object_get(event, "id")),
		.seq = json_integer_value(json_object_get(event, "seq")),
		.tries = json_integer_value(json_object_get(delivery, "tries")),
	};

	if (attempt.type == NULL || attempt.event == NULL)
		return cli_action_not_understood() == CLI_OK;
	char *body = json_dumps(event, JSON_COMPACT);
	webhook_post_send(l->post, attempt.event, body, l->ack_wait_ms < TIMEOUT_MS ? l->ack_wait_ms : TIMEOUT_MS, &outcome);
	free(body);
	if (outcome.status == 0 && cli_stop_asked(l->stop_fd))
		return true; /* it was cut off */
	attempt.status = outcome.status;
	attempt.latency_ms = outcome.latency_ms;
	attempt.reply = outcome.status > 0 ? outcome.reply : outcome.fault;
	webhook_attempt_print(&attempt);
	if (webhook_attempt_took(&attempt))
		parley_client_request(l->call->session->client, "consumer.ack",
				      json_pack("{s:s, s:[O]}", "consumer", consumer_of(l), "deliveries", number), NULL, NULL);
	return cli_output_flush();
}

static int pass_all_on(const struct listener *l)
{
	while (!cli_stop_asked(l->stop_fd)) {
		json_auto_t *reply = cli_session_wait(
			l->call->session, "consumer.read",
			json_pack("{s:s, s:i, s:i}", "consumer", consumer_of(l), "limit", 1, "wait_ms", WAIT_MS), l->stop_fd);
		const json_t *delivery;
		size_t i;
		if (reply != NULL && !parley_reply_ok(reply))
			return CLI_FAILED;
		json_array_foreach(json_object_get(parley_reply_data(reply), "events"), i, delivery) {
			if (!pass_on(l, delivery))
				return CLI_FAILED;
		}
	}
	return CLI_OK;
}

static int listen_to(struct listener *l)
{
	int result = l->options->consumer != NULL ? find_consumer(l) : create_consumer(l);

	if (result != CLI_OK)
		return result;
	cli_tell("the events of the consumer %s are posted to %s", consumer_of(l), l->call->words[0]);
	result = pass_all_on(l);
	if (l->consumer[0] == '\0')
		return result;
	json_auto_t *gone =
		cli_session_call(l->call->session, "consumer.delete", json_pack("{s:s}", "consumer", l->consumer), DELETE_MS, NULL);
	return parley_reply_ok(gone) ? result : CLI_FAILED;
}

int webhook_listen(const struct cli_action_call *call)
{
	const struct webhook_options *o = call->options;
	struct listener l = {.call = call, .options = o, .stop_fd = -1};
	struct webhook_post_options post = {.url = call->words[0], .ca_file = o->endpoint_ca};
	json_auto_t *headers = NULL;

	if (o->consumer != NULL && (o->filter.types != NULL || o->filter.authors != NULL || o->filter.rooms.n > 0 ||
				    o->filter.server_events || o->since != NULL || o->retry_s > 0)) {
		cli_tell("--consumer has its filter, its place and its time: give no other option for them");
		return CLI_USAGE;
	}
	if (!choose_secret(o, &post.secret))
		return CLI_FAILED;
	if (o->headers != NULL && (headers = webhook_headers_from_file(o->headers)) == NULL)
		return CLI_FAILED;
	l.stop_fd = cli_stop_open();
	if (l.stop_fd < 0)
		return CLI_FAILED;
	post.headers = headers;
	post.stop_fd = l.stop_fd;
	int result = webhook_post_open(&post, &l.post);
	if (result == CLI_OK)
		result = listen_to(&l);
	webhook_post_close(l.post);
	(void)close(l.stop_fd);
	return result;
}
