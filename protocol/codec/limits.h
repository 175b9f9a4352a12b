/*
 * Every limit of the server: one row gives its name, unit, default and meaning. The row is all there is to write: the
 * option --limit-NAME (with dashes), PARLEY_LIMIT_NAME, the config file, the manual page and the member of `hello` follow.
 * 0 means none, except where the server cannot do without: those have a most, and are from 1 to that. Of sizes, none is what the server's parts
 * can hold (LIMIT_HELD_TABLE): limits_fit() puts that in, so that nothing behind the configuration meets a size without a limit.
 */
#ifndef PARLEY_CODEC_LIMITS_H
#define PARLEY_CODEC_LIMITS_H

#include <stdint.h>

enum {
	LIMIT_HEAD_BYTES_MOST = 32768,      /* what may be kept for each head being read */
	LIMIT_ACCOUNT_CONSUMERS_MOST = 500, /* they are listed in one answer */
	LIMIT_ACCOUNT_WEBHOOKS_MOST = 500,  /* the same */
	LIMIT_JSON_DEPTH_MOST = 512,        /* of the JSON parser's stack */
	LIMIT_ROOM_HOOKS_MOST = 500,        /* they are listed in one answer */
	LIMIT_STREAM_ROOMS_MOST = 64,       /* their names are kept on the stack while a stream begins */
};

/*      name                          default   unit       meaning, most (0: any) */
/* clang-format off */
#define LIMIT_TABLE(X) \
	X(frame_bytes,                   65536,    "bytes",   "largest message (frame or request body) a client may send", 0) \
	X(head_bytes,                    16384,    "bytes",   "largest head of an HTTP request", LIMIT_HEAD_BYTES_MOST) \
	X(json_depth,                    8,        "levels",  "deepest nesting of a request", LIMIT_JSON_DEPTH_MOST) \
	X(text_bytes,                    8000,     "bytes",   "longest text of a message", 0) \
	X(name_bytes,                    64,       "bytes",   "longest name of a person or room", 0) \
	X(topic_bytes,                   500,      "bytes",   "longest topic of a room", 0) \
	X(signal_bytes,                  2048,     "bytes",   "largest data of a signal", 0) \
	X(password_bytes,                256,      "bytes",   "longest password", 0) \
	X(page_events,                   200,      "events",  "most events in one page of history", 0) \
	X(page_bytes,                    262144,   "bytes",   "most bytes in one page of history", 0) \
	X(resume_events,                 100000,   "events",  "furthest a cursor may be behind before the reader gets room.gap instead", 0) \
	X(stream_rooms,                  32,       "rooms",   "most rooms in one event stream", LIMIT_STREAM_ROOMS_MOST) \
	X(hook_bytes,                    1048576,  "bytes",   "largest body of a post to an incoming webhook", 0) \
	X(room_hooks,                    50,       "hooks",   "most incoming webhooks of one room", LIMIT_ROOM_HOOKS_MOST) \
	X(hook_posts,                    1,        "posts/s", "posts to one incoming webhook per second, with a burst of ten seconds", 0) \
	X(hook_asks_bytes,               16384,    "bytes",   "largest description of the service that a hook asks", 0) \
	X(asks,                          5,        "questions/s", "questions to services of hooks per second, of one room and of one account, with a burst of ten seconds", 0) \
	X(account_consumers,             32,       "consumers", "most consumers of one account", LIMIT_ACCOUNT_CONSUMERS_MOST) \
	X(consumer_waiting,              1000,     "events",  "most events of a consumer that are handed out and not acknowledged, and of a webhook that are tried again", 0) \
	X(consumer_set_aside,            10000,    "events",  "most events of a consumer or webhook that are set aside; beyond that they come back", 0) \
	X(filter_bytes,                  4096,     "bytes",   "largest filter of a consumer or webhook", 0) \
	X(account_webhooks,              32,       "webhooks", "most outgoing webhooks of one account", LIMIT_ACCOUNT_WEBHOOKS_MOST) \
	X(webhook_headers_bytes,         4096,     "bytes",   "largest headers that an outgoing webhook sends besides", 0) \
	X(user_rooms,                    1000,     "rooms",   "most rooms one account may be a member of", 0) \
	X(account_sessions,              100,      "sessions", "WebSockets and event streams of one account at once", 0) \
	X(outbox_bytes,                  262144,   "bytes",   "replies waiting for a slow socket before the server stops reading from it", 0) \
	X(connection_waiting,            16,       "requests", "requests of one connection under way before the server stops reading from it", 0) \
	X(connections,                   0,        "connections", "most connections at once, within what the limit of open files allows", 0) \
	X(address_connections,           0,        "connections", "most connections at once from one address (IPv6: one /64)", 0) \
	X(unfinished_requests,           2048,     "requests", "HTTP requests at once whose head or body has not come whole; beyond that the quietest of the network and address with most of them is closed", 0) \
	X(sign_in_ms,                    5000,     "milliseconds", "time to sign in after connecting", 0) \
	X(idle_ms,                       60000,    "milliseconds", "silence after which a connection is closed", 0) \
	X(header_ms,                     10000,    "milliseconds", "time to send the head of an HTTP request", 0) \
	X(body_ms,                       30000,    "milliseconds", "time to send the body of an HTTP request", 0) \
	X(sign_in_bytes,                 131072,   "bytes",   "all that one connection may send before it is signed in", 0) \
	X(request_bytes,                 2048,     "bytes",   "length of a request that counts as one; a longer one counts as one more for each time that it has as many", 0) \
	X(connection_requests,           50,       "requests/s", "requests of one connection per second, with a burst of ten seconds", 0) \
	X(account_requests,              100,      "requests/s", "requests of one account per second, with a burst of ten seconds", 0) \
	X(address_requests,              1000,     "requests/s", "requests from one address per second, with a burst of ten seconds", 0) \
	X(sign_ins,                      5000,     "sign-ins/s", "sign-ins for events per second, of everybody together, with a burst of a tenth of a second; an account in many rooms counts as several", 0) \
	X(account_rooms,                 60,       "rooms/min",    "attempts of one account to make a room or to add somebody to one, per minute", 0) \
	X(address_accounts,              60,       "accounts/min", "guests and accounts made from one address per minute", 0) \
	X(password_attempts,             10,       "attempts/min", "password attempts from one address in a minute; on one account, from all addresses together, eight times as many", 0) \
	X(password_queue,                32,       "attempts", "password checks waiting for the hashing threads", 0) \
	X(store_queue,                   20000,    "operations", "operations waiting for the store before requests get unavailable", 0)
/* clang-format on */

/*
 * What the parts can hold, for limits of sizes. The ring of a room is the narrowest for events: it counts bytes in 32 bits, and an event takes half
 * of it at most; with LIMIT_HELD_BYTES and its envelope that is 512 MiB, and twice that in memory. The JSON of an event is never longer than the
 * frame that it came in, with its envelope. A row of SQLite's holds 1,000,000,000 bytes: the room's has the name three times (as it is shown,
 * folded, and as it looks, each a multiple of it at worst) and the topic.
 */
enum {
	LIMIT_HELD_BYTES = 255 << 20,
	LIMIT_HELD_TOPIC_BYTES = 64 << 20,
	LIMIT_HELD_NAME_BYTES = 1 << 20,
};
/* clang-format off */
#define LIMIT_HELD_TABLE(X) \
	X(frame_bytes,    LIMIT_HELD_BYTES) \
	X(text_bytes,     LIMIT_HELD_BYTES) \
	X(name_bytes,     LIMIT_HELD_NAME_BYTES) \
	X(topic_bytes,    LIMIT_HELD_TOPIC_BYTES) \
	X(signal_bytes,   LIMIT_HELD_BYTES) \
	X(password_bytes, LIMIT_HELD_BYTES) \
	X(page_bytes,     LIMIT_HELD_BYTES) \
	X(hook_bytes,     LIMIT_HELD_BYTES) \
	X(filter_bytes,   LIMIT_HELD_NAME_BYTES) \
	X(webhook_headers_bytes, LIMIT_HELD_NAME_BYTES) \
	X(hook_asks_bytes, LIMIT_HELD_NAME_BYTES)
/* clang-format on */

struct limits {
#define X(name, value, unit, meaning, most) uint64_t name;
	LIMIT_TABLE(X)
#undef X
};

/* The defaults of the table. */
struct limits limits_default(void);
/* A size of 0 becomes what the parts can hold. Larger ones are refused where they are set. */
void limits_fit(struct limits *l);
/* What the parts can hold of this limit; 0: as much as anybody asks for. */
uint64_t limits_held(const char *name);

#endif
