/*
 * parley consumer ACTION
 *
 * What `read` printed is acknowledged when the output has taken it. What was read and not printed comes back to the consumer.
 */
#include "cli/cli_action.h"
#include "cli/cli_filter.h"
#include "cli/cli_output.h"
#include "cli/cli_say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 100, WAIT_MS = 30000, WORDS_MAX = 1001, SECONDS_MAX = 86400, TRIES_MAX = 1000 };

struct consumer_options {
	struct cli_filter_options filter;
	const char *name, *from, *since, *worker, *after;
	uint64_t ack_wait_s, max_tries, limit;
	bool json, follow, deliveries;
};

#define AT(member) offsetof(struct consumer_options, member)
static const struct cli_option options_table[] = {
	CLI_FILTER_OPTIONS(consumer_options),
	{"name", "NAME", CLI_TEXT, AT(name), 0, "update: another name"},
	{"from", "PLACE", CLI_TEXT, AT(from), 0,
	 "create, seek: begin at the start of what is remembered, or at the end (create: the default)"},
	{"since", "TIME", CLI_TEXT, AT(since), 0,
	 "create, seek: begin with what came at this time or later: 2026-01-31T12:00:00Z, 2026-01-31 (UTC), or 90m, 2h, 7d ago"},
	{"after", "SEQ", CLI_TEXT, AT(after), 0, "seek: begin behind this event of the room in --room"},
	{"ack-wait", "SECONDS", CLI_NUMBER, AT(ack_wait_s), SECONDS_MAX,
	 "create, update: what is not acknowledged comes back after this time (default 30)"},
	{"max-tries", "N", CLI_NUMBER, AT(max_tries), TRIES_MAX,
	 "create, update: what was handed out so often in vain is set aside (default 10)"},
	{"follow", NULL, CLI_FLAG, AT(follow), 0, "read: wait for more when all is read"},
	{"limit", "N", CLI_NUMBER, AT(limit), (1ull << 53) - 1, "read: end after so many events"},
	{"worker", "NAME", CLI_TEXT, AT(worker), 0, "read: who asks, as set-aside shows it"},
	{"deliveries", NULL, CLI_FLAG, AT(deliveries), 0,
	 "read: print whole deliveries, with their numbers and how often they were tried, and acknowledge none"},
	{"json", NULL, CLI_FLAG, AT(json), 0, "list: print whole consumers as JSON lines"},
	{0},
};

static json_t *about(const struct cli_action_call *call)
{
	return json_pack("{s:s}", "consumer", call->words[0]);
}

static bool print_consumer(const json_t *consumer)
{
	const char *id = NULL, *name = NULL;
	json_int_t behind = 0, waiting = 0, aside = 0;

	if (json_unpack((json_t *)consumer, "{s:s, s:s, s:I, s:I, s:I}", "id", &id, "name", &name, "behind", &behind, "waiting", &waiting,
			"set_aside", &aside) != 0)
		return false;
	cli_print("%s %lld %lld %lld %s", id, (long long)behind, (long long)waiting, (long long)aside, name);
	return true;
}

/* Puts what create and update share. Returns an exit code with the fault told. */
static int put_settings(const struct cli_action_call *call, json_t *data)
{
	const struct consumer_options *o = call->options;

	if (o->ack_wait_s > 0)
		(void)json_object_set_new(data, "ack_wait_ms", json_integer((json_int_t)o->ack_wait_s * 1000));
	if (o->max_tries > 0)
		(void)json_object_set_new(data, "max_tries", json_integer((json_int_t)o->max_tries));
	return cli_filter_put(call->session, &o->filter, data);
}

static int consumer_create(const struct cli_action_call *call)
{
	const struct consumer_options *o = call->options;
	json_auto_t *data = json_pack("{s:s, s:s*}", "name", call->words[0], "from", o->from);

	if (data != NULL && !cli_since_put(o->since, data))
		return CLI_USAGE;
	int put = data == NULL ? CLI_OK : put_settings(call, data);
	if (put != CLI_OK)
		return put;
	json_auto_t *done = cli_action_ask(call, "consumer.create", json_incref(data));
	const json_t *made = json_object_get(done, "consumer");
	if (done == NULL)
		return CLI_FAILED;
	return print_consumer(made) ? CLI_OK : cli_action_not_understood();
}

static int consumer_update(const struct cli_action_call *call)
{
	const struct consumer_options *o = call->options;
	json_auto_t *data = json_pack("{s:s, s:s*}", "consumer", call->words[0], "name", o->name);
	int put = data == NULL ? CLI_OK : put_settings(call, data);

	if (put != CLI_OK)
		return put;
	json_auto_t *done = cli_action_ask(call, "consumer.update", json_incref(data));
	return done == NULL ? CLI_FAILED : CLI_OK;
}

static int consumer_list(const struct cli_action_call *call)
{
	const struct consumer_options *o = call->options;
	json_auto_t *done = cli_action_ask(call, "consumer.list", json_object());

	return done == NULL ? CLI_FAILED : cli_action_print_list(json_object_get(done, "consumers"), o->json, print_consumer);
}

/* Prints events, or whole deliveries, and returns the numbers to acknowledge, or NULL when the output or the reply fails. */
static json_t *print_deliveries(const json_t *deliveries, bool whole)
{
	json_auto_t *numbers = json_array();
	const json_t *delivery;
	size_t i;

	json_array_foreach(deliveries, i, delivery) {
		const json_t *event = json_object_get(delivery, "event"), *number = json_object_get(delivery, "delivery");
		if (!json_is_object(event) || !json_is_integer(number)) {
			(void)cli_action_not_understood();
			return NULL;
		}
		cli_print_json(whole ? delivery : event);
		(void)json_array_append(numbers, (json_t *)number);
	}
	return cli_output_flush() ? json_incref(numbers) : NULL;
}

static bool acknowledge(const struct cli_action_call *call, json_t *numbers)
{
	json_auto_t *done =
		cli_action_ask(call, "consumer.ack", json_pack("{s:s, s:O}", "consumer", call->words[0], "deliveries", numbers));

	return done != NULL;
}

/* Reads some events. Returns how many were printed, or -1 with the failure told; *more: whether there may be more now. */
static int64_t read_some(const struct cli_action_call *call, uint64_t limit, int reader, bool *more)
{
	const struct consumer_options *o = call->options;
	json_auto_t *data = json_pack("{s:s, s:I, s:i, s:s*}", "consumer", call->words[0], "limit",
				      (json_int_t)(limit < PAGE ? limit : PAGE), "wait_ms", o->follow ? WAIT_MS : 0, "worker", o->worker);
	json_auto_t *reply = data == NULL ? NULL : cli_session_wait(call->session, "consumer.read", json_incref(data), reader);

	if (data == NULL)
		cli_tell("the consumer's or the worker's name is not UTF-8");
	if (!parley_reply_ok(reply))
		return -1;
	const json_t *deliveries = json_object_get(parley_reply_data(reply), "events");
	json_auto_t *numbers = print_deliveries(deliveries, o->deliveries);
	size_t n = json_array_size(deliveries);
	if (numbers == NULL || (n > 0 && !o->deliveries && !acknowledge(call, numbers)))
		return -1;
	*more = n > 0 && json_is_true(json_object_get(parley_reply_data(reply), "more"));
	return (int64_t)n;
}

static int consumer_read(const struct cli_action_call *call)
{
	const struct consumer_options *o = call->options;
	uint64_t left = o->limit > 0 ? o->limit : UINT64_MAX;
	int reader = cli_output_reader();
	bool more = true;

	while (left > 0 && (more || o->follow)) {
		int64_t n = read_some(call, left, reader, &more);
		if (n < 0)
			return CLI_FAILED;
		left -= (uint64_t)n;
	}
	return CLI_OK;
}

/* Returns the numbers of the words behind the consumer's name, or NULL with the fault told. */
static json_t *numbers_of(const struct cli_action_call *call)
{
	json_auto_t *numbers = json_array();

	for (int i = 1; i < call->n_words; i++) {
		const char *word = call->words[i];
		char *end;
		errno = 0;
		long long number = strtoll(word, &end, 10);
		if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0) {
			cli_tell("not the number of a delivery: %s", word);
			return NULL;
		}
		(void)json_array_append_new(numbers, json_integer(number));
	}
	return json_incref(numbers);
}

static int consumer_ack(const struct cli_action_call *call)
{
	json_auto_t *numbers = numbers_of(call);

	if (numbers == NULL)
		return CLI_USAGE;
	json_auto_t *done =
		cli_action_ask(call, "consumer.ack", json_pack("{s:s, s:O}", "consumer", call->words[0], "deliveries", numbers));
	if (done == NULL)
		return CLI_FAILED;
	cli_print("%lld", (long long)json_integer_value(json_object_get(done, "acknowledged")));
	return CLI_OK;
}

/* Puts the room of --room and the seq of --after. */
static bool put_room_place(const struct cli_action_call *call, json_t *data)
{
	const struct consumer_options *o = call->options;
	char *end = NULL;

	if (o->after != NULL) {
		unsigned long long seq = strtoull(o->after, &end, 10);
		if (o->after[0] < '0' || o->after[0] > '9' || *end != '\0' || seq >= 1ull << 53) {
			cli_tell("--after: not a seq: %s", o->after);
			return false;
		}
		(void)json_object_set_new(data, "seq", json_integer((json_int_t)seq));
	}
	if (o->filter.rooms.n > 1)
		cli_tell("seek goes to a place in one room, or in all: give one --room or none");
	if (o->filter.rooms.n != 1)
		return o->filter.rooms.n == 0;
	return json_object_set_new(data, "room", cli_session_room_id(call->session, o->filter.rooms.texts[0], CLI_ACTION_TIMEOUT_MS)) == 0;
}

static int consumer_seek(const struct cli_action_call *call)
{
	const struct consumer_options *o = call->options;
	json_auto_t *data = json_pack("{s:s, s:s*}", "consumer", call->words[0], "to", o->from);

	if (data != NULL && !cli_since_put(o->since, data))
		return CLI_USAGE;
	if (data != NULL && !put_room_place(call, data))
		return CLI_FAILED;
	json_auto_t *done = cli_action_ask(call, "consumer.seek", json_incref(data));
	return done == NULL ? CLI_FAILED : CLI_OK;
}

static int consumer_set_aside(const struct cli_action_call *call)
{
	json_int_t after = 0;
	bool more = true;

	while (more) {
		json_auto_t *page = cli_action_ask(call, "consumer.set_aside",
						   json_pack("{s:s, s:I, s:i}", "consumer", call->words[0], "after", after, "limit", PAGE));
		const json_t *deliveries = json_object_get(page, "events");
		json_auto_t *numbers = page == NULL ? NULL : print_deliveries(deliveries, true);
		if (numbers == NULL)
			return CLI_FAILED;
		json_int_t last = json_integer_value(json_array_get(numbers, json_array_size(numbers) - 1));
		more = json_is_true(json_object_get(page, "more")) && last > after;
		after = last;
	}
	return CLI_OK;
}

static int consumer_replay(const struct cli_action_call *call)
{
	json_auto_t *numbers = numbers_of(call);
	json_auto_t *data = about(call);

	if (numbers == NULL)
		return CLI_USAGE;
	if (call->n_words > 1)
		(void)json_object_set(data, "deliveries", numbers);
	json_auto_t *done = cli_action_ask(call, "consumer.replay", json_incref(data));
	if (done == NULL)
		return CLI_FAILED;
	cli_print("%lld", (long long)json_integer_value(json_object_get(done, "replayed")));
	return CLI_OK;
}

static int consumer_delete(const struct cli_action_call *call)
{
	json_auto_t *done = cli_action_ask(call, "consumer.delete", about(call));

	return done == NULL ? CLI_FAILED : CLI_OK;
}

static const struct cli_action actions[] = {
	/* clang-format off */
	{"create", "NAME", 1, 1, " types room authors server-events from since ack-wait max-tries ", consumer_create},
	{"update", "CONSUMER", 1, 1, " types room authors server-events all-events name ack-wait max-tries ", consumer_update},
	{"list", "", 0, 0, " json ", consumer_list},
	{"read", "CONSUMER", 1, 1, " follow limit worker deliveries ", consumer_read},
	{"ack", "CONSUMER DELIVERY...", 2, WORDS_MAX, "", consumer_ack},
	{"seek", "CONSUMER", 1, 1, " from since room after ", consumer_seek},
	{"set-aside", "CONSUMER", 1, 1, "", consumer_set_aside},
	{"replay", "CONSUMER [DELIVERY...]", 1, WORDS_MAX, "", consumer_replay},
	{"delete", "CONSUMER", 1, 1, "", consumer_delete},
	{0},
	/* clang-format on */
};

static int run(const struct cli_common *common, const void *options, int n_words, char **words)
{
	return cli_action_run(&cmd_consumer, actions, common, options, n_words, words);
}

const struct cli_command cmd_consumer = {
	.name = "consumer",
	.words = "create|update|list|read|ack|seek|set-aside|replay|delete ...",
	.least_words = 1,
	.most_words = WORDS_MAX + 1,
	.summary = "reads events with a cursor that the server keeps",
	.description =
		"A consumer reads the rooms that its account is a member of, and the server keeps how far it came. CONSUMER is its name or its id.\n"
		"create NAME makes one, which begins with what comes from now on where no option says otherwise, and prints it as list does.\n"
		"update CONSUMER changes what the options say, and does not move it.\n"
		"list prints one's own: the id, how many events it is behind, how many are handed out and not acknowledged, how many are set aside, and\n"
		"the name.\n"
		"read CONSUMER prints the next events as JSON lines and acknowledges them when the output has taken them. Several may read at once: each\n"
		"event goes to one of them. What was read and not acknowledged comes back.\n"
		"ack CONSUMER DELIVERY... acknowledges what was read with --deliveries, and prints how many there were.\n"
		"seek CONSUMER goes elsewhere, in all rooms or the one in --room: --from start, --from end, --since TIME or --after SEQ.\n"
		"set-aside CONSUMER prints the deliveries that are set aside.\n"
		"replay CONSUMER [DELIVERY...] hands these, or all that are set aside, out again, and prints how many there were.\n"
		"delete CONSUMER deletes it.",
	.options = options_table,
	.options_bytes = sizeof(struct consumer_options),
	.run = run,
};
