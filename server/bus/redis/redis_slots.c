#include "bus/redis/redis_slots.h"

#include <stdio.h>
#include <string.h>

enum { NODE_HOST, NODE_PORT, NODE_MEMBERS_MIN, RANGE_FROM = 0, RANGE_TO, RANGE_MASTER, RANGE_MEMBERS_MIN };

/* CRC-16 with the polynomial x^16 + x^12 + x^5 + 1, which begins with 0 ("XMODEM"). A channel's name has some 30 bytes: no table is needed. */
static uint16_t crc16(const char *bytes, size_t n)
{
	unsigned crc = 0;
	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned)(unsigned char)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
	}
	return (uint16_t)crc;
}

/* Where a name has text between its first "{" and the next "}", that text alone counts. */
uint16_t redis_slot_of(const char *channel, size_t n)
{
	const char *open = memchr(channel, '{', n);
	const char *close = open ? memchr(open, '}', n - (size_t)(open - channel)) : NULL;
	bool has_tag = close && close > open + 1;
	return (has_tag ? crc16(open + 1, (size_t)(close - open - 1)) : crc16(channel, n)) % REDIS_SLOTS;
}

static const struct redis_reply *array_at(const struct redis_reply *r, size_t i, size_t n_min)
{
	const struct redis_reply *a = redis_reply_at(r, i);
	return a && a->kind == REDIS_IS_ARRAY && a->n >= n_min ? a : NULL;
}

/* Returns false when it is no number from 0 to max. */
static bool number_at(const struct redis_reply *r, size_t i, uint16_t max, uint16_t *out)
{
	const struct redis_reply *value = redis_reply_at(r, i);
	if (!value || value->kind != REDIS_IS_INTEGER || value->integer < 0 || value->integer > max)
		return false;
	*out = (uint16_t)value->integer;
	return true;
}

/* A node that does not know where it is, or is told to keep it to itself, has no host, or "?" for a name that it is to announce and that is not set. */
static bool node_at(const struct redis_address *asked, const char *host, size_t n, uint64_t port, struct redis_address *out)
{
	if (n == 0 || (n == 1 && host[0] == '?'))
		return redis_address_at(asked, asked->host, strlen(asked->host), port, out);
	return redis_address_at(asked, host, n, port, out);
}

static bool master_at(const struct redis_reply *range, const struct redis_address *asked, struct redis_address *out)
{
	const struct redis_reply *node = array_at(range, RANGE_MASTER, NODE_MEMBERS_MIN);
	const struct redis_reply *host = redis_reply_at(node, NODE_HOST);
	uint16_t port;
	if (!host || !number_at(node, NODE_PORT, UINT16_MAX, &port) || port == 0)
		return false;
	return (host->kind == REDIS_IS_NIL || host->kind == REDIS_IS_STRING) && node_at(asked, host->text, host->n, port, out);
}

static uint16_t find(const struct redis_slots *s, const struct redis_address *master)
{
	for (size_t i = 0; i < s->n_shards; i++) {
		if (redis_address_equal(&s->masters[i], master))
			return (uint16_t)i;
	}
	return REDIS_NO_SHARD;
}

/* Returns its index, or REDIS_NO_SHARD when there are too many. */
static uint16_t find_or_add(struct redis_slots *s, const struct redis_address *master)
{
	uint16_t found = find(s, master);
	if (found != REDIS_NO_SHARD || s->n_shards == REDIS_SHARDS_MAX)
		return found;
	s->masters[s->n_shards] = *master;
	return (uint16_t)s->n_shards++;
}

static const char *take_range(const struct redis_reply *range, const struct redis_address *asked, struct redis_slots *out)
{
	struct redis_address master;
	uint16_t from, to;
	if (!number_at(range, RANGE_FROM, REDIS_SLOTS - 1, &from) || !number_at(range, RANGE_TO, REDIS_SLOTS - 1, &to) || from > to)
		return "it tells of slots that there are not";
	if (!master_at(range, asked, &master))
		return "it tells of a node without an address";
	uint16_t shard = find_or_add(out, &master);
	if (shard == REDIS_NO_SHARD)
		return "it has too many shards";
	for (size_t slot = from; slot <= to; slot++) {
		if (out->shards[slot] != REDIS_NO_SHARD)
			return "it tells of two masters for one slot";
		out->shards[slot] = shard;
	}
	out->n_covered += (size_t)(to - from + 1);
	return NULL;
}

const char *redis_slots_parse(const struct redis_reply *r, const struct redis_address *asked, struct redis_slots *out)
{
	if (r->kind != REDIS_IS_ARRAY)
		return "it does not tell who has which slots";
	out->n_shards = out->n_covered = 0;
	for (size_t slot = 0; slot < REDIS_SLOTS; slot++)
		out->shards[slot] = REDIS_NO_SHARD;
	for (size_t i = 0; i < r->n; i++) {
		const struct redis_reply *range = array_at(r, i, RANGE_MEMBERS_MIN);
		const char *fault = range ? take_range(range, asked, out) : "it does not tell who has which slots";
		if (fault)
			return fault;
	}
	return NULL;
}

/* "MOVED 3999 192.0.2.5:6381": an IPv6 address stands there without brackets. */
bool redis_slots_moved(struct redis_slots *s, const char *error, const struct redis_address *by)
{
	struct redis_address to;
	unsigned moved, port;
	int host_at = 0;
	if (sscanf(error, "MOVED %5u %n", &moved, &host_at) != 1 || host_at == 0 || moved >= REDIS_SLOTS)
		return false;
	const char *host = error + host_at, *colon = strrchr(host, ':');
	if (!colon || sscanf(colon, ":%5u", &port) != 1 || port == 0 || port > UINT16_MAX)
		return false;
	if (!node_at(by, host, (size_t)(colon - host), port, &to) || redis_address_equal(&to, by))
		return false;
	s->n_covered -= s->shards[moved] != REDIS_NO_SHARD;
	s->shards[moved] = find(s, &to);
	s->n_covered += s->shards[moved] != REDIS_NO_SHARD;
	return true;
}
