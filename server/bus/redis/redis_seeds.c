#include "bus/redis/redis_seeds.h"

#include "base/memory.h"
#include "bus/redis/redis_pause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 1000, SETTLE_MS = 500, ANSWER_OLD_MS = 5000, LOOK_EVERY_MS = 5000 };

struct seed {
	struct redis_seeds *seeds;
	const struct redis_address *address;
	struct redis_conn *conn;
	enum { SEED_IDLE, SEED_ASKING, SEED_FAILED, SEED_REPLICA, SEED_MASTER, SEED_CLUSTER, SEED_SENTINEL } state;
	/* Of a Sentinel. */
	bool is_waiting; /* for an answer */
	bool has_answer;
	struct redis_address master;
	int64_t config_epoch;
	uint64_t answered_ms;
};

struct redis_seeds {
	struct redis_seeds_config config;
	struct seed *seeds;
	bool is_searching;
	bool is_pausing;       /* a search found nothing, and the next one begins with the timer */
	bool is_second_best;   /* a plain server was found, which is not the first in the order */
	uint64_t found_ms;     /* when it was */
	bool knows_a_sentinel; /* the Sentinels are asked for ever, also when none has answered for a while */
	uint64_t began_ms;     /* this search */
	unsigned n_failures;   /* searches in a row */
	struct loop_timer *timer;
	struct redis_address master; /* that the Sentinels told of last */
	bool has_master;
	char why[REDIS_FAULT_BYTES]; /* of the last seed that failed */
};

static void evaluate(struct redis_seeds *s);

static void fail(struct seed *seed, const char *why)
{
	char shown[REDIS_SHOWN_BYTES];
	redis_address_show(seed->address, shown);
	snprintf(seed->seeds->why, sizeof(seed->seeds->why), "%s: %s", shown, why);
	redis_conn_destroy(seed->conn);
	seed->conn = NULL;
	seed->state = SEED_FAILED;
	seed->is_waiting = seed->has_answer = false;
}

static int64_t number_of(const struct redis_reply *r)
{
	long long n = r && r->n < 20 ? strtoll(r->text, NULL, 10) : 0;
	return n;
}

/* One master as a Sentinel describes it. */
static void take_master(struct seed *seed, const struct redis_reply *row)
{
	const struct redis_reply *ip = redis_reply_field(row, "ip"), *port = redis_reply_field(row, "port");
	int64_t number = number_of(port);
	if (!ip || number <= 0 || !redis_address_at(seed->address, ip->text, ip->n, (uint64_t)number, &seed->master)) {
		fail(seed, "it does not tell the address of the master");
		return;
	}
	seed->has_answer = true;
	seed->config_epoch = number_of(redis_reply_field(row, "config-epoch"));
	seed->answered_ms = loop_now_ms(seed->seeds->config.loop);
}

/* The reply to MASTER is a row; the reply to MASTERS is an array of rows. */
static void on_masters(void *arg, const struct redis_reply *r)
{
	struct seed *seed = arg;
	seed->is_waiting = false;
	if (r->kind == REDIS_IS_ERROR)
		fail(seed, r->text);
	else if (seed->seeds->config.sentinel_name)
		take_master(seed, r);
	else if (r->kind == REDIS_IS_ARRAY && r->n == 1)
		take_master(seed, redis_reply_at(r, 0));
	else
		fail(seed, r->n ? "it watches several masters: --redis-sentinel-name tells which" : "it watches no master");
	evaluate(seed->seeds);
}

static void ask(struct seed *seed)
{
	const char *name = seed->seeds->config.sentinel_name;
	if (seed->is_waiting)
		return;
	seed->is_waiting = true;
	redis_conn_command_words(seed->conn, on_masters, seed, (const char *const[]){"SENTINEL", name ? "MASTER" : "MASTERS", name, NULL});
	redis_conn_flush(seed->conn);
}

static void on_ready(void *arg)
{
	struct seed *seed = arg;
	switch (redis_conn_kind(seed->conn)) {
	case REDIS_SENTINEL:
		seed->state = SEED_SENTINEL;
		seed->seeds->knows_a_sentinel = true;
		ask(seed);
		break;
	case REDIS_CLUSTER:
		seed->state = SEED_CLUSTER;
		break;
	case REDIS_PLAIN:
		seed->state = redis_conn_is_replica(seed->conn) ? SEED_REPLICA : SEED_MASTER;
		break;
	}
	evaluate(seed->seeds);
}

static void on_lost(void *arg)
{
	struct seed *seed = arg;
	char why[REDIS_WHY_BYTES];
	snprintf(why, sizeof(why), "%s", redis_conn_why(seed->conn));
	fail(seed, why);
	evaluate(seed->seeds);
}

static void connect_seed(struct seed *seed)
{
	const struct redis_seeds_config *config = &seed->seeds->config;
	bool are_sentinels = config->sentinel_name || config->sentinel_password_file;
	struct redis_conn_config conn = {.loop = config->loop,
					 .address = *seed->address,
					 .password_file = are_sentinels ? config->sentinel_password_file : config->password_file,
					 .ca_file = config->ca_file};
	struct redis_conn_events events = {.ready = on_ready, .lost = on_lost, .arg = seed};
	if (are_sentinels)
		conn.address.user[0] = '\0'; /* it is the user of the servers */
	seed->state = SEED_ASKING;
	seed->conn = redis_conn_new(&conn, &events);
}

static void begin(struct redis_seeds *s)
{
	s->began_ms = loop_now_ms(s->config.loop);
	s->is_pausing = false;
	for (size_t i = 0; i < s->config.n_addresses; i++) {
		if (!s->seeds[i].conn)
			connect_seed(&s->seeds[i]);
	}
}

/* What was a part of the search only. Sentinels are asked for ever. */
static void end(struct redis_seeds *s)
{
	s->is_searching = false;
	s->n_failures = 0;
	for (size_t i = 0; i < s->config.n_addresses; i++) {
		struct seed *seed = &s->seeds[i];
		if (seed->state == SEED_SENTINEL)
			continue;
		redis_conn_destroy(seed->conn);
		seed->conn = NULL;
		seed->state = SEED_IDLE;
	}
}

static bool has_sentinel(const struct redis_seeds *s)
{
	for (size_t i = 0; i < s->config.n_addresses; i++) {
		if (s->seeds[i].state == SEED_SENTINEL)
			return true;
	}
	return false;
}

static struct seed *best_answer(struct redis_seeds *s, bool *is_settled)
{
	struct seed *best = NULL;
	uint64_t now = loop_now_ms(s->config.loop);
	*is_settled = true;
	for (size_t i = 0; i < s->config.n_addresses; i++) {
		struct seed *seed = &s->seeds[i];
		if (seed->state == SEED_ASKING || (seed->state == SEED_SENTINEL && !seed->has_answer))
			*is_settled = false;
		if (seed->state != SEED_SENTINEL || !seed->has_answer || now - seed->answered_ms > ANSWER_OLD_MS)
			continue;
		if (!best || seed->config_epoch > best->config_epoch)
			best = seed;
	}
	return best;
}

/* The first answer is followed when all have answered, or after a moment; a newer answer of whichever Sentinel at once. */
static void evaluate_sentinels(struct redis_seeds *s)
{
	bool is_settled;
	struct seed *best = best_answer(s, &is_settled);
	if (!best)
		return;
	uint64_t waited = loop_now_ms(s->config.loop) - s->began_ms;
	if (s->is_searching && !is_settled && waited < SETTLE_MS) {
		loop_timer_start(s->timer, SETTLE_MS - waited, TICK_MS);
		return;
	}
	bool is_news = s->is_searching || !s->has_master || !redis_address_equal(&s->master, &best->master);
	s->master = best->master;
	s->has_master = true;
	if (s->is_searching)
		end(s);
	if (is_news)
		s->config.found(s->config.arg, REDIS_PLAIN, &s->master);
}

static void give_up(struct redis_seeds *s)
{
	s->is_pausing = true;
	loop_timer_start(s->timer, redis_pause_ms(&s->n_failures), TICK_MS);
	s->config.failed(s->config.arg, s->why);
}

/* In the order in which they were given: all instances come to the same server. */
static void evaluate_servers(struct redis_seeds *s)
{
	for (size_t i = 0; i < s->config.n_addresses; i++) {
		struct seed *seed = &s->seeds[i];
		if (seed->state == SEED_ASKING)
			return;
		if (seed->state == SEED_MASTER || seed->state == SEED_CLUSTER) {
			enum redis_kind kind = seed->state == SEED_MASTER ? REDIS_PLAIN : REDIS_CLUSTER;
			const struct redis_address *address = seed->address;
			s->is_second_best = kind == REDIS_PLAIN && i > 0;
			s->found_ms = loop_now_ms(s->config.loop);
			end(s);
			s->config.found(s->config.arg, kind, address);
			return;
		}
		if (seed->state == SEED_REPLICA)
			fail(seed, "it is a replica, and what is published there is heard nowhere else");
	}
	give_up(s);
}

static void evaluate(struct redis_seeds *s)
{
	if (has_sentinel(s))
		evaluate_sentinels(s);
	else if (s->is_searching)
		evaluate_servers(s);
}

/* A pause is over, the Sentinels had a moment to answer, or a second has passed. */
static void on_timer(void *arg)
{
	struct redis_seeds *s = arg;
	loop_timer_start(s->timer, TICK_MS, TICK_MS);
	if (s->is_pausing)
		begin(s);
	else if (s->is_second_best && !s->knows_a_sentinel && loop_now_ms(s->config.loop) - s->found_ms >= LOOK_EVERY_MS)
		redis_seeds_search(s); /* one before it may be a master again, and whoever starts now goes there */
	for (size_t i = 0; s->knows_a_sentinel && i < s->config.n_addresses; i++) {
		if (s->seeds[i].state == SEED_SENTINEL)
			ask(&s->seeds[i]);
		else if (!s->seeds[i].conn)
			connect_seed(&s->seeds[i]);
	}
	if (has_sentinel(s))
		evaluate_sentinels(s);
}

struct redis_seeds *redis_seeds_new(const struct redis_seeds_config *config)
{
	struct redis_seeds *s = mem_new(struct redis_seeds);
	s->config = *config;
	s->seeds = mem_zalloc(config->n_addresses * sizeof(*s->seeds));
	for (size_t i = 0; i < config->n_addresses; i++) {
		s->seeds[i].seeds = s;
		s->seeds[i].address = &config->addresses[i];
	}
	s->timer = loop_timer_new(config->loop, on_timer, s);
	loop_timer_start(s->timer, TICK_MS, TICK_MS);
	redis_seeds_search(s);
	return s;
}

void redis_seeds_destroy(struct redis_seeds *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->config.n_addresses; i++)
		redis_conn_destroy(s->seeds[i].conn);
	loop_timer_destroy(s->timer);
	free(s->seeds);
	free(s);
}

void redis_seeds_search(struct redis_seeds *s)
{
	if (s->is_searching)
		return;
	s->is_searching = true;
	s->n_failures = 0;
	begin(s);
}
