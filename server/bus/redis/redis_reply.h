/*
 * What a Redis sends, parsed from the bytes as they come (hiredis' redisReader). One reply at a time is in memory; it is valid until the next is asked for.
 *
 * hiredis' own objects cost eight allocations for a message. These are taken from an arena that is used again for the next reply. The arena bounds a reply:
 * its size in bytes and in objects, whatever a server claims in its first bytes (hiredis 0.14 would allocate an array of the length that is told).
 *
 * Owner: a redis_conn. Not thread-safe. Source: RESP2 (redis.io, "Redis serialization protocol specification").
 */
#ifndef PARLEY_BUS_REDIS_REDIS_REPLY_H
#define PARLEY_BUS_REDIS_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum redis_reply_kind { REDIS_IS_NIL, REDIS_IS_STRING, REDIS_IS_STATUS, REDIS_IS_ERROR, REDIS_IS_INTEGER, REDIS_IS_ARRAY };

struct redis_reply {
	enum redis_reply_kind kind;
	int64_t integer;
	const char *text; /* strings, status lines and errors: n bytes and a NUL; "" for all other kinds */
	size_t n;         /* bytes, or elements of an array */
	struct redis_reply **elements;
};

struct redis_reader;

/* The most bytes and objects of one reply. */
enum { REDIS_REPLY_OBJECTS_MAX = 1 << 17, REDIS_REPLY_BYTES_MAX = (1 << 20) + (1 << 16) };

struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader *r); /* accepts NULL */
/* Copies the bytes. Returns 0, or -EPROTO when more are waiting for the end of a reply than a reply may have. */
int redis_reader_feed(struct redis_reader *r, const char *bytes, size_t n);
/* Returns 1 with the next reply, 0 when more bytes are needed, -EPROTO when this is no Redis or a reply is too large: the reader is of no use then. */
int redis_reader_next(struct redis_reader *r, const struct redis_reply **out);

/* Whether this is text, a status or an error of these letters. */
bool redis_reply_is(const struct redis_reply *r, const char *text);
/* The value beside this name in an array of names and values, or NULL. */
const struct redis_reply *redis_reply_field(const struct redis_reply *r, const char *name);
/* Element i of an array, or NULL. */
const struct redis_reply *redis_reply_at(const struct redis_reply *r, size_t i);

#endif
