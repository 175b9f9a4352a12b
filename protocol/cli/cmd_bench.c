/*
 * parley bench
 *
 * The load generator. It sends at an even pace and accounts for every delivery.
 */
#include "cli/bench.h"
#include "cli/bench_wire.h"
#include "cli/cli_command.h"
#include "cli/cli_say.h"
#include "client/client_random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SETTLE_MS = 300, FEW_READY = 100 };

#define AT(member) offsetof(struct bench_options, member)
static const struct cli_option options_table[] = {
	{"rooms", "N", CLI_NUMBER, AT(rooms), 100000, "rooms (default 1)"},
	{"readers", "N", CLI_NUMBER, AT(readers), 1000000, "connections in each room, the publishers among them (default 1000)"},
	{"rooms-per-reader", "N", CLI_NUMBER, AT(rooms_per_reader), 10000, "rooms that each connection is in (default 1)"},
	{"publishers", "N", CLI_NUMBER, AT(publishers), 1000000, "connections that send, in turn (default 10)"},
	{"rate", "N", CLI_NUMBER, AT(rate), 1000000, "messages a second, all publishers together (default 20)"},
	{"seconds", "N", CLI_NUMBER, AT(seconds), 86400, "length of the measured window (default 10)"},
	{"warmup", "N", CLI_NUMBER, AT(warmup), 3600, "seconds of the same load before it (default 2)"},
	{"drain", "N", CLI_NUMBER, AT(drain), 3600, "seconds to wait for what is outstanding at the end (default 30)"},
	{"text-bytes", "N", CLI_NUMBER, AT(text_bytes), 8000, "length of a message's text (default 160, at least 25)"},
	{"saturate", NULL, CLI_FLAG, AT(saturate), 0, "no pace: each publisher has --window messages outstanding all the time"},
	{"window", "N", CLI_NUMBER, AT(window), 10000, "for --saturate (default 32)"},
	{"client-ids", NULL, CLI_FLAG, AT(client_ids), 0, "give every message a client_id"},
	{"idle", "N", CLI_NUMBER, AT(idle), 1000000, "no messages: open N signed-in connections; tells memory and sign-in time of each"},
	{"sign-in", "HOW", CLI_TEXT, AT(sign_in), 0, "for --idle: guest (default) or token"},
	{"pid", "PID", CLI_NUMBER, AT(pid), 4194304,
	 "the server's process, for its processor time and memory (known by itself on a Unix socket)"},
	{"instances", "URLS", CLI_TEXT, AT(instances), 0,
	 "further servers of the same database, separated by commas: the members of each room are spread over all servers"},
	{"processes", "PIDS", CLI_TEXT, AT(processes), 0, "with --json: also the processor time of these processes, separated by commas"},
	{"verify", NULL, CLI_FLAG, AT(verify), 0, "also prove that each acknowledged message was seen, once, by its number"},
	{"peer", "KIND", CLI_TEXT, AT(peer), 0,
	 "ws-broadcast: the server is no Parley; it sends every text it gets to everybody (one room)"},
	{"json", NULL, CLI_FLAG, AT(json), 0, "print one JSON object instead of a row"},
	{"no-header", NULL, CLI_FLAG, AT(no_header), 0, "print the row without its header"},
	{0},
};

static void set_defaults(void *options)
{
	*(struct bench_options *)options = (struct bench_options){
		.rooms = 1,
		.readers = 1000,
		.rooms_per_reader = 1,
		.publishers = 10,
		.rate = 20,
		.seconds = 10,
		.warmup = 2,
		.drain = 30,
		.text_bytes = 160,
		.window = 32,
		.sign_in = "guest",
	};
}

static const char *options_fault(const struct bench_options *o)
{
	if (o->peer != NULL && strcmp(o->peer, "ws-broadcast") != 0)
		return "--peer: ws-broadcast is the only one";
	if (strcmp(o->sign_in, "guest") != 0 && strcmp(o->sign_in, "token") != 0)
		return "--sign-in: guest or token";
	if (o->idle > 0)
		return o->peer == NULL ? NULL : "--idle and --peer: give one of them";
	if (o->rooms == 0 || o->readers == 0 || o->rooms_per_reader == 0 || o->publishers == 0 || o->rate == 0 || o->seconds == 0)
		return "--rooms, --readers, --rooms-per-reader, --publishers, --rate and --seconds: at least 1";
	if (o->rooms_per_reader > o->rooms || o->rooms * o->readers % o->rooms_per_reader != 0)
		return "--rooms-per-reader: at most --rooms, and a divisor of --rooms times --readers";
	if (o->publishers > o->rooms * o->readers / o->rooms_per_reader)
		return "--publishers: more than there are connections";
	if (o->peer != NULL && (o->rooms != 1 || o->saturate || o->verify))
		return "--peer: one room, paced, without --verify";
	if (o->text_bytes < BENCH_MARK_BYTES)
		return "--text-bytes: at least 25";
	if (o->instances != NULL && (o->peer != NULL || o->idle > 0))
		return "--instances: without --peer and --idle";
	if (o->saturate && o->window == 0)
		return "--window: at least 1";
	return NULL;
}

/* The lock is recursive, because a write that fails closes its connection. */
static void lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t kind;

	(void)pthread_mutexattr_init(&kind);
	(void)pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
	(void)pthread_mutex_init(lock, &kind);
	(void)pthread_mutexattr_destroy(&kind);
}

static void bench_init(struct bench *b, const struct bench_options *o)
{
	struct rlimit files;

	*b = (struct bench){
		.options = *o, .parley = o->peer == NULL, .epoll_fd = -1, .creator = {.fd = -1}, .pid = o->pid, .sample_every = 1};
	for (uint32_t i = 0; i < BENCH_SERVERS_MAX; i++)
		b->servers[i].unix_address.folder_fd = -1;
	if (o->idle > 0)
		b->n_conns = (uint32_t)o->idle;
	else
		b->n_conns = (uint32_t)(o->rooms * o->readers / o->rooms_per_reader);
	b->n_rooms = b->parley && o->idle == 0 ? (uint32_t)o->rooms : 0;
	/* To read the clock for each delivery is cheap, but above some 300,000 a second an even sample gives the same result. */
	if (o->rate * o->readers * (o->saturate ? 0 : 1) > 300000)
		b->sample_every = 7;
	b->conns = calloc(b->n_conns, sizeof *b->conns);
	b->rooms = calloc(b->n_rooms + 1u, sizeof *b->rooms);
	assert(b->conns != NULL && b->rooms != NULL);
	for (uint32_t i = 0; i < b->n_conns; i++) {
		b->conns[i].fd = -1;
		b->conns[i].number = i;
		b->conns[i].is_publisher = o->idle == 0 && i < o->publishers;
		b->conns[i].cursors = calloc(o->rooms_per_reader, sizeof *b->conns[i].cursors);
		assert(b->conns[i].cursors != NULL);
	}
	for (uint32_t i = b->n_conns; i-- > 0 && b->n_rooms > 0;)
		for (uint64_t slot = 0; slot < o->rooms_per_reader; slot++)
			b->rooms[bench_room_of(b, &b->conns[i], slot)].witness = i;
	client_random_bytes(b->mask, sizeof b->mask);
	(void)snprintf(b->run, sizeof b->run, "%08x", client_random_below(UINT32_MAX));
	lock_init(&b->write_lock);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static void bench_finish(struct bench *b)
{
	for (uint32_t i = 0; i < b->n_conns; i++) {
		bench_loop_close(b, &b->conns[i]);
		free(b->conns[i].token);
		free(b->conns[i].cursors);
	}
	bench_loop_close(b, &b->creator);
	free(b->creator.token);
	free(b->conns);
	free(b->rooms);
	free(b->room_table);
	free(b->acked_bits);
	free(b->seen_bits);
	bench_loop_finish(b);
	free(b->arrivals);
	for (uint32_t i = 0; i < BENCH_SERVERS_MAX; i++)
		unix_address_finish(&b->servers[i].unix_address);
	(void)pthread_mutex_destroy(&b->write_lock);
}

static void settle(struct bench *b)
{
	uint64_t until = bench_now() + SETTLE_MS * 1000000ull;

	while (bench_now() < until)
		bench_loop_turn(b, 20);
}

static bool everything_came(const struct bench *b)
{
	uint64_t expected = b->parley ? 0 : b->sent * b->n_conns;

	for (uint32_t i = 0; i < b->n_rooms; i++)
		expected += b->rooms[i].acked * b->options.readers;
	return (b->sender_done != 0) && (!b->parley || b->acked + b->refused == b->sent) && b->delivered >= expected;
}

/*
 * While few messages arrive, this process looks at its sockets twice in a millisecond and is not woken for each. Waking a sleeping core costs the writer
 * more than the write itself, and readers on other machines do not cause that cost. The kernel times the arrivals.
 */
static void doze(const struct bench *b)
{
	struct timespec half_ms = {.tv_nsec = 500000};

	if (!b->servers[0].url.is_unix && !b->options.saturate)
		(void)nanosleep(&half_ms, NULL);
}

/* Turns the loop until `until`. After the end of sending, it stops when everything has arrived. */
static void read_until(struct bench *b, uint64_t until)
{
	for (uint64_t now = bench_now(); now < until; now = bench_now()) {
		uint64_t left_ms = (until - now) / 1000000;
		if (bench_loop_turn(b, left_ms > 20 ? 20 : (int)left_ms) < FEW_READY)
			doze(b);
		if (now >= b->counts_to && everything_came(b))
			return;
	}
}

static void sample(struct bench *b, struct bench_process *server, uint64_t *cpu_ns, uint64_t *own_cpu_us, uint64_t *delivered)
{
	for (size_t i = 0; i < b->n_pids; i++)
		cpu_ns[i] = bench_process_threads_ns(b->pids[i]);
	*server = bench_process_read(b->pid);
	*own_cpu_us = bench_process_own_cpu_us();
	*delivered = b->delivered;
}

static int measure(struct bench *b)
{
	const struct bench_options *o = &b->options;
	pthread_t sender;

	settle(b);
	b->begins_at = bench_now() + 20000000;
	b->counts_from = b->begins_at + o->warmup * 1000000000u;
	b->counts_to = b->counts_from + o->seconds * 1000000000u;
	if (!o->saturate && pthread_create(&sender, NULL, bench_sender_run, b) != 0)
		return CLI_FAILED;
	for (uint32_t i = 0; o->saturate && i < o->publishers; i++) {
		b->conns[i].owed = (uint32_t)o->window;
		bench_sender_refill(b, &b->conns[i]);
	}
	read_until(b, b->counts_from);
	uint64_t from = bench_now(), sent = b->sent;
	sample(b, &b->server_before, b->cpu_before_ns, &b->own_cpu_before_us, &b->delivered_before);
	read_until(b, b->counts_to);
	b->counted_ns = bench_now() - from;
	b->window_sent = b->sent - sent;
	sample(b, &b->server_after, b->cpu_after_ns, &b->own_cpu_after_us, &b->delivered_after);
	if (o->saturate)
		b->sender_done = 1;
	read_until(b, b->counts_to + o->drain * 1000000000u);
	b->stop = 1;
	if (!o->saturate)
		(void)pthread_join(sender, NULL);
	bench_take_finish(b);
	return bench_report_load(b);
}

static bool set_up_load(struct bench *b)
{
	if (b->parley && !(bench_setup_rooms(b) && bench_setup_conns(b, BENCH_JOB_JOIN, 0, b->n_conns)))
		return false;
	return bench_take_init(b) && bench_setup_conns(b, BENCH_JOB_LIVE, 0, b->n_conns);
}

static bool set_up_idle(struct bench *b)
{
	if (!bench_take_init(b))
		return false;
	/* With tokens: guests first get the tokens and close. */
	if (strcmp(b->options.sign_in, "token") == 0 && !bench_setup_conns(b, BENCH_JOB_JOIN, 0, b->n_conns))
		return false;
	settle(b);
	b->server_before = bench_process_read(b->pid);
	uint64_t from = bench_now();
	if (!bench_setup_conns(b, BENCH_JOB_LIVE, 0, b->n_conns))
		return false;
	b->counted_ns = bench_now() - from;
	settle(b);
	b->server_after = bench_process_read(b->pid);
	return true;
}

static bool add_server(struct bench *b, const char *text)
{
	struct client_fault fault;

	if (b->n_servers == BENCH_SERVERS_MAX)
		cli_tell("--instances: at most %d", BENCH_SERVERS_MAX - 1);
	else if (client_url_parse(text, &b->servers[b->n_servers].url, &fault) != 0)
		cli_tell("%s", fault.text);
	else if (b->servers[b->n_servers].url.is_tls)
		cli_tell("bench speaks no TLS: measure the server over http:// or unix:");
	else
		return ++b->n_servers > 0;
	return false;
}

static bool add_process(struct bench *b, const char *text)
{
	char *end;
	unsigned long long pid = strtoull(text, &end, 10);

	if (*end != '\0' || pid == 0 || b->n_pids == BENCH_PROCESSES_MAX) {
		cli_tell("--processes: at most %d numbers of processes, separated by commas: %s", BENCH_PROCESSES_MAX, text);
		return false;
	}
	b->pids[b->n_pids++] = pid;
	return true;
}

static bool add_each(struct bench *b, const char *list, bool (*add)(struct bench *b, const char *text))
{
	char *copy = strdup(list != NULL ? list : ""), *rest = copy, *text;
	bool is_right = true;

	assert(copy != NULL);
	while (is_right && (text = strsep(&rest, ",")) != NULL)
		is_right = (list == NULL) || add(b, text);
	free(copy);
	return is_right;
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	const struct bench_options *options = arg;
	const char *wrong = options_fault(options);
	int result = CLI_FAILED;

	(void)n_words;
	(void)words;
	if (wrong != NULL) {
		cli_tell("%s", wrong);
		return CLI_USAGE;
	}
	struct bench *b = calloc(1, sizeof *b);
	assert(b != NULL);
	bench_init(b, options);
	if (!add_server(b, common->server) || !add_each(b, options->instances, add_server) ||
	    !add_each(b, options->processes, add_process)) {
		result = CLI_USAGE;
	} else if (!bench_loop_init(b) || !(options->idle > 0 ? set_up_idle(b) : set_up_load(b))) {
		cli_tell("%s", b->fault);
	} else {
		result = options->idle > 0 ? bench_report_idle(b) : measure(b);
	}
	bench_finish(b);
	free(b);
	return result;
}

const struct cli_command cmd_bench = {
	.name = "bench",
	.words = "",
	.summary = "puts load on a server and measures it",
	.description =
		"Opens connections, sends evenly paced messages, and accounts for every delivery: each is counted and checked against the one\n"
		"before it in its room; ends with 1 when any is missing, repeated or out of order. Delays are measured from the time at which a\n"
		"message was due to that at which it reached this machine's kernel. Where limits of the server are in the way of the\n"
		"load, it names the options to start the server with, and ends. It makes guests and rooms: use a server for that, not\n"
		"the one people are on. It speaks no TLS: http:// or unix: only.",
	.options = options_table,
	.options_bytes = sizeof(struct bench_options),
	.set_defaults = set_defaults,
	.run = run,
};
