#include "net/accept/pressure.h"

#include "base/memory.h"
#include "net/accept/arrival.h"
#include "net/conn/conn.h"

#include <stdlib.h>
#include <string.h>

enum {
	NETWORK_BYTES_V4 = 15, /* of the 16: IPv4 is ::ffff:a.b.c.d */
	NETWORK_BYTES_V6 = 6,
	GROUPS = 1 << 14, /* networks and addresses are told apart by a keyed hash of this size */
	LOOKS_PER_PLACE =
		64, /* of waiting connections that make a pass worth its cost; below it new connections are refused until the next tick */
	BATCH_SHARE = 32, /* a pass frees at least 1/32 of the waiting ones, so that its cost per place stays the same */
};

/* A connection or arrival that waits for its client. Lists begin with the quietest: arrivals come first, then connections by age. */
struct waiting {
	struct conn *conn;
	struct arrival *arrival;
	uint32_t order;
	uint16_t network, address; /* groups */
	uint32_t n_address;        /* number of waiting ones of its address from this one to the youngest */
	uint32_t n_network;        /* number of waiting ones of its network from this one to the last that goes */
};

struct crowd {
	struct waiting *all;
	size_t n, cap;
	uint32_t *n_network, *n_address; /* of each group */
};

static uint16_t group_of(const uint8_t *bytes, size_t n)
{
	uint8_t hashed[16];

	id_map_key_of(bytes, n, hashed);
	return (uint16_t)((hashed[0] << 8 | hashed[1]) % GROUPS);
}

static void add(struct crowd *crowd, const struct peer_address *peer, struct conn *conn, struct arrival *arrival)
{
	uint8_t key[16];
	bool is_v4 = address_is_v4(peer);

	if (crowd->n == crowd->cap) {
		crowd->cap = crowd->cap > 0 ? crowd->cap * 2 : 1024;
		crowd->all = mem_realloc(crowd->all, crowd->cap * sizeof *crowd->all);
	}
	address_key(peer, key);
	crowd->all[crowd->n] = (struct waiting){
		.conn = conn,
		.arrival = arrival,
		.order = (uint32_t)crowd->n,
		.network = group_of(peer->bytes, is_v4 ? NETWORK_BYTES_V4 : NETWORK_BYTES_V6),
		.address = group_of(key, sizeof key),
	};
	crowd->n++;
}

static bool waits_for_client(const struct conn *c)
{
	bool is_nobodys = c->is_proxied && !c->is_websocket && c->http == NULL;
	bool is_stranger = c->phase == CONN_SIGN_IN && c->session != NULL && !session_signed_in(c->session);

	return !is_nobodys && !c->is_operator && !c->is_broken && !c->is_gone &&
	       (conn_is_unfinished(c) || is_stranger || c->phase == CONN_IDLE || c->phase == CONN_TAKING || c->phase == CONN_LINGER);
}

static void gather(struct net_server *s, bool unfinished_only, struct crowd *crowd)
{
	if (!unfinished_only) {
		list_for_each(it, &s->arrivals) {
			struct arrival *a = list_entry(it, struct arrival, link);
			if (!a->listener->is_operator && !a->origin.is_proxied)
				add(crowd, &a->origin.peer, NULL, a);
		}
	}
	list_for_each(it, &s->conns) {
		struct conn *c = list_entry(it, struct conn, link);
		if (waits_for_client(c) && (!unfinished_only || conn_is_unfinished(c)))
			add(crowd, &c->address, c, NULL);
	}
	for (size_t i = crowd->n; i-- > 0;) {
		struct waiting *w = &crowd->all[i];
		w->n_address = ++crowd->n_address[w->address];
		crowd->n_network[w->network]++;
	}
}

/* Returns how many are above `level`, summed over all networks. */
static size_t count_beyond(const struct crowd *crowd, uint32_t level)
{
	size_t n = 0;

	for (size_t i = 0; i < GROUPS; i++)
		n += crowd->n_network[i] > level ? crowd->n_network[i] - level : 0;
	return n;
}

/* Returns the largest number that each network may keep when n have to go. */
static uint32_t find_level(const struct crowd *crowd, size_t n)
{
	uint32_t low = 0, high = (uint32_t)crowd->n; /* count_beyond(low) >= n */

	while (low + 1 < high) {
		uint32_t middle = low + (high - low) / 2;
		if (count_beyond(crowd, middle) >= n)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Sorts by network, and within a network in the order of going: the oldest of the address with the most comes first. */
static int by_network(const void *one, const void *other)
{
	const struct waiting *a = one, *b = other;

	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	if (a->n_address != b->n_address)
		return a->n_address > b->n_address ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static int by_turn(const void *one, const void *other)
{
	const struct waiting *a = one, *b = other;

	if (a->n_network != b->n_network)
		return a->n_network > b->n_network ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* Moves the n that go to the front, in their order. Each one belongs to the network that has the most at that moment, and in it to the address
 * that has the most. */
static void choose(struct crowd *crowd, size_t n)
{
	uint32_t level = find_level(crowd, n);
	size_t kept = 0, gone = 0, rank = 0;

	for (size_t i = 0; i < crowd->n; i++)
		if (crowd->n_network[crowd->all[i].network] > level)
			crowd->all[kept++] = crowd->all[i];
	qsort(crowd->all, kept, sizeof *crowd->all, by_network);
	for (size_t i = 0; i < kept; i++) {
		struct waiting *w = &crowd->all[i];
		rank = i > 0 && crowd->all[i - 1].network == w->network ? rank + 1 : 0;
		w->n_network = crowd->n_network[w->network] - (uint32_t)rank;
	}
	for (size_t i = 0; i < kept; i++)
		if (crowd->all[i].n_network > level)
			crowd->all[gone++] = crowd->all[i];
	qsort(crowd->all, gone, sizeof *crowd->all, by_turn);
}

/* Returns how many were ended. */
static size_t relieve(struct net_server *s, bool unfinished_only)
{
	struct crowd crowd = {0};

	crowd.n_network = mem_zalloc(2 * GROUPS * sizeof *crowd.n_network);
	crowd.n_address = crowd.n_network + GROUPS;
	gather(s, unfinished_only, &crowd);
	size_t n = crowd.n / BATCH_SHARE > PRESSURE_BATCH ? crowd.n / BATCH_SHARE : PRESSURE_BATCH;
	if (n > crowd.n)
		n = crowd.n;
	if (n > 0)
		choose(&crowd, n);
	for (size_t i = 0; i < n; i++) {
		metric_add(&s->metrics->refused_total, 1);
		if (crowd.all[i].conn != NULL)
			conn_cut(crowd.all[i].conn, END_CROWDED);
		else
			arrival_end(crowd.all[i].arrival, END_CROWDED);
	}
	free(crowd.n_network);
	free(crowd.all);
	return n;
}

bool pressure_of_connections(struct net_server *s)
{
	if (s->has_no_relief)
		return false;
	size_t n_looked_at = s->admission.n, n = relieve(s, false);
	s->has_no_relief = n_looked_at > (n + 1) * LOOKS_PER_PLACE;
	return n > 0;
}

void pressure_tick(struct net_server *s)
{
	s->has_no_relief = false;
}

void pressure_of_requests(struct net_server *s)
{
	uint64_t most = s->config.limits.unfinished_requests;

	if (most > 0 && s->n_unfinished > most)
		(void)relieve(s, true);
}
