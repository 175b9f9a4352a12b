#include "bus/redis/redis_map.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_EVERY_MS = 1000, PAUSE_MS = 100, ANSWER_MS = 2000 };

struct redis_map {
	struct redis_map_config config;
	struct loop_timer *timer;
	struct redis_conn *conn;         /* to the node that is asked */
	struct redis_slots *now, *later; /* the map, and where the next one is read into */
	size_t next;                     /* of the nodes that can be asked: the seeds, then the masters of the map */
	size_t n_down;                   /* nodes in a row that believe that the Cluster is down */
	uint64_t asked_ms;
	bool was_begun, has_map, believes_down;
	bool is_asking;
	bool is_surprised;     /* since it was asked last */
	bool answers_surprise; /* the next map follows a surprise */
	char why[REDIS_WHY_BYTES + REDIS_SHOWN_BYTES];
};

static size_t n_nodes(const struct redis_map *m)
{
	return m->config.n_seeds + m->now->n_shards;
}

static void forget_conn(struct redis_map *m)
{
	redis_conn_destroy(m->conn);
	m->conn = NULL;
	m->is_asking = false;
}

/* The node is of no use now: the next one is asked after a pause. */
static void go_on(struct redis_map *m, const char *why)
{
	char shown[REDIS_SHOWN_BYTES];
	redis_address_show(redis_conn_address(m->conn), shown);
	if (!m->has_map)
		snprintf(m->why, sizeof(m->why), "%s: %s", shown, why);
	forget_conn(m);
	loop_timer_start(m->timer, PAUSE_MS, 0);
}

static void on_info(void *arg, const struct redis_reply *r)
{
	struct redis_map *m = arg;
	m->believes_down = r->kind == REDIS_IS_STRING && strstr(r->text, "cluster_state:ok") == NULL;
}

static bool maps_equal(const struct redis_slots *a, const struct redis_slots *b)
{
	if (a->n_shards != b->n_shards || memcmp(a->shards, b->shards, sizeof(a->shards)) != 0)
		return false;
	for (size_t i = 0; i < a->n_shards; i++) {
		if (!redis_address_equal(&a->masters[i], &b->masters[i]))
			return false;
	}
	return true;
}

static void take_map(struct redis_map *m)
{
	bool is_new = m->answers_surprise || !m->has_map || !maps_equal(m->now, m->later);
	struct redis_slots *old = m->now;
	m->is_asking = m->answers_surprise = false;
	m->why[0] = '\0';
	if (m->believes_down)
		snprintf(m->why, sizeof(m->why), "the Cluster says that it is down");
	else if (m->later->n_covered < REDIS_SLOTS)
		snprintf(m->why, sizeof(m->why), "nobody has %zu slots of the Cluster", REDIS_SLOTS - m->later->n_covered);
	loop_timer_start(m->timer, m->is_surprised ? PAUSE_MS : ASK_EVERY_MS, 0);
	if (!is_new)
		return;
	m->now = m->later;
	m->later = old;
	m->has_map = true;
	m->config.changed(m->config.arg, m->now);
}

static void on_slots(void *arg, const struct redis_reply *r)
{
	struct redis_map *m = arg;
	if (r->kind == REDIS_IS_ERROR) {
		go_on(m, r->text);
		return;
	}
	const char *fault = redis_slots_parse(r, redis_conn_address(m->conn), m->later);
	if (fault) {
		go_on(m, fault);
		return;
	}
	m->n_down = m->believes_down ? m->n_down + 1 : 0;
	if (m->believes_down && m->n_down < n_nodes(m))
		go_on(m, "it says that the Cluster is down");
	else
		take_map(m);
}

static void ask(struct redis_map *m)
{
	m->is_asking = true;
	m->answers_surprise |= m->is_surprised;
	m->is_surprised = false;
	m->asked_ms = loop_now_ms(m->config.like.loop);
	redis_conn_command_words(m->conn, on_info, m, (const char *const[]){"CLUSTER", "INFO", NULL});
	redis_conn_command_words(m->conn, on_slots, m, (const char *const[]){"CLUSTER", "SLOTS", NULL});
	redis_conn_flush(m->conn);
	loop_timer_start(m->timer, ANSWER_MS, 0);
}

static void on_ready(void *arg)
{
	struct redis_map *m = arg;
	if (redis_conn_kind(m->conn) == REDIS_CLUSTER)
		ask(m);
	else
		go_on(m, "it is no part of a Cluster");
}

static void on_lost(void *arg)
{
	struct redis_map *m = arg;
	go_on(m, redis_conn_why(m->conn));
}

static void connect_next(struct redis_map *m)
{
	struct redis_conn_config config = m->config.like;
	const struct redis_conn_events events = {.ready = on_ready, .lost = on_lost, .arg = m};
	if (m->was_begun) {
		size_t at = m->next++ % n_nodes(m);
		config.address = at < m->config.n_seeds ? m->config.seeds[at] : m->now->masters[at - m->config.n_seeds];
	}
	m->was_begun = true;
	m->conn = redis_conn_new(&config, &events);
	loop_timer_start(m->timer, ANSWER_MS, 0);
}

static void on_timer(void *arg)
{
	struct redis_map *m = arg;
	if (!m->conn)
		connect_next(m);
	else if (m->is_asking || !redis_conn_is_ready(m->conn))
		go_on(m, "it does not answer");
	else
		ask(m);
}

struct redis_map *redis_map_new(const struct redis_map_config *config)
{
	struct redis_map *m = mem_new(struct redis_map);
	*m = (struct redis_map){.config = *config, .now = mem_new(struct redis_slots), .later = mem_new(struct redis_slots)};
	m->timer = loop_timer_new(config->like.loop, on_timer, m);
	loop_timer_start(m->timer, 0, 0);
	return m;
}

void redis_map_destroy(struct redis_map *m)
{
	if (!m)
		return;
	redis_conn_destroy(m->conn);
	loop_timer_destroy(m->timer);
	free(m->now);
	free(m->later);
	free(m);
}

void redis_map_surprise(struct redis_map *m)
{
	uint64_t since_ms = loop_now_ms(m->config.like.loop) - m->asked_ms;
	m->is_surprised = true;
	if (redis_conn_is_ready(m->conn) && !m->is_asking)
		loop_timer_start(m->timer, since_ms < PAUSE_MS ? PAUSE_MS - since_ms : 0, 0);
}

bool redis_map_moved(struct redis_map *m, const char *error, const struct redis_address *by)
{
	redis_map_surprise(m);
	return redis_slots_moved(m->now, error, by);
}

const char *redis_map_why(const struct redis_map *m)
{
	return m->why[0] ? m->why : NULL;
}
