/*
 * What the parts of the load generator share. One run is one struct bench.
 *
 * Two threads run while measuring. The main thread reads everything (bench_loop.c, bench_take.c). The second one only sends, at absolute deadlines
 * (bench_sender.c), so reading cannot disturb sending. They share the publishers' sockets (under write_lock) and the atomic counters. Everything else
 * belongs to the main thread.
 *
 * Ownership: cmd_bench.c owns the struct, and bench_finish() frees what it holds. Times are CLOCK_MONOTONIC in nanoseconds.
 */
#ifndef PARLEY_CLI_BENCH_H
#define PARLEY_CLI_BENCH_H

#include "cli/bench_histogram.h"
#include "cli/bench_process.h"
#include "client/client_handshake.h"
#include "client/client_url.h"
#include "codec/unix_address.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct bench_options {
	uint64_t rooms, readers, rooms_per_reader, publishers;
	uint64_t rate, seconds, warmup, drain, text_bytes;
	uint64_t window; /* of --saturate */
	uint64_t idle, pid;
	const char *sign_in;               /* guest or token */
	const char *peer;                  /* ws-broadcast, or NULL */
	const char *instances, *processes; /* lists, separated by commas, or NULL */
	bool saturate, verify, json, no_header, client_ids;
};

struct bench_room {
	char id[37];
	uint32_t witness;   /* the connection whose deliveries are checked message by message (--verify) */
	uint64_t acked;     /* messages of this run */
	uint64_t acked_top; /* the highest seq among them */
	uint64_t delivered; /* to all connections together */
};

/* One of several instances of one database; most runs have one. */
struct bench_server {
	struct client_url url;
	struct unix_address unix_address; /* keeps its folder open for `address` */
	struct sockaddr_storage address;
	socklen_t address_bytes;
};

enum { BENCH_SERVERS_MAX = 8, BENCH_PROCESSES_MAX = 64 };

/* When a message arrived at the first reader of each server. */
struct bench_arrivals {
	uint32_t index;                 /* of the message */
	bool counts;                    /* it was due in the measured window */
	uint64_t at[BENCH_SERVERS_MAX]; /* 0: not yet */
};

/* The job for which a connection is opened. */
enum bench_job {
	BENCH_JOB_CREATE, /* sign in as a guest, create the rooms, close */
	BENCH_JOB_JOIN,   /* sign in as a guest, join its rooms, keep the token, close */
	BENCH_JOB_LIVE,   /* sign in and stay */
};

enum bench_state {
	BENCH_CLOSED,
	BENCH_UPGRADING, /* connecting, and the HTTP response */
	BENCH_HELLO,
	BENCH_STARTING, /* session.start is under way */
	BENCH_ASKING,   /* creating or joining rooms */
	BENCH_LIVE,
};

struct bench_conn {
	int fd; /* -1 when closed */
	uint32_t number;
	enum bench_state state;
	bool is_publisher;
	bool wants_write;                   /* epoll watches for it */
	uint32_t asked, answered;           /* requests of BENCH_ASKING */
	uint32_t owed;                      /* --saturate: messages to send at the end of this read */
	struct client_handshake *handshake; /* owned; only while upgrading */
	char *token;                        /* owned */
	uint64_t *cursors;                  /* per room of this connection, the last seq; owned */
	struct buf rest;                    /* the beginning of a frame whose end has not arrived yet */
	struct buf out;                     /* bytes that the socket did not take; a publisher's are under write_lock */
};

struct bench {
	struct bench_options options;
	struct bench_server servers[BENCH_SERVERS_MAX];
	uint32_t n_servers;
	bool parley;        /* false: a bare broadcast, for comparison */
	enum bench_job job; /* of connections that are being opened */
	struct bench_room *rooms;
	struct bench_conn *conns;
	uint32_t n_rooms, n_conns;
	struct bench_conn creator;
	bool limits_seen;     /* the server's limits were compared with the load */
	uint64_t sign_ins;    /* that the server takes a second; 0: any number */
	uint32_t n_opening;   /* connections between closed and done */
	uint32_t n_done;      /* connections whose job is done */
	uint32_t *room_table; /* hash of a room's id → number + 1 */
	uint32_t room_table_mask;
	int epoll_fd;
	uint8_t *buffer;             /* all sockets are read into it */
	uint64_t wall_minus_mono_ns; /* in this turn */
	uint8_t mask[4];
	char run[16];    /* makes names unique */
	char fault[500]; /* the first fault; empty while there is none */

	pthread_mutex_t write_lock; /* recursive; each thread holds it while it writes to a publisher's socket */
	atomic_uint_fast64_t sent, sender_done, stop, send_waits;

	uint64_t begins_at, counts_from, counts_to; /* the measured window: of messages that are due in it */
	uint64_t acked, refused, delivered, delivered_bytes;
	size_t text_from_end;            /* see bench_wire.h */
	uint64_t gaps, repeats, unknown; /* events that broke the order */
	uint64_t window_acked, window_sent;
	uint64_t sample_every; /* every n-th delivery is timed */
	uint64_t next_index;   /* --saturate */
	struct bench_histogram delivery, ack, lateness;
	struct bench_histogram hop;      /* from the first reader at the sender's server to the first one at another server */
	struct bench_arrivals *arrivals; /* by a message's number, the latest ones; NULL with one server */
	uint8_t *acked_bits, *seen_bits; /* by a message's number (--verify) */
	uint64_t pid;
	struct bench_process server_before, server_after;
	uint64_t pids[BENCH_PROCESSES_MAX], cpu_before_ns[BENCH_PROCESSES_MAX], cpu_after_ns[BENCH_PROCESSES_MAX]; /* --processes */
	size_t n_pids;
	uint64_t own_cpu_before_us, own_cpu_after_us, delivered_before, delivered_after, counted_ns;
};

enum { BENCH_BITS = 1 << 26 }; /* messages that --verify can tell apart */

static inline uint32_t bench_room_of(const struct bench *b, const struct bench_conn *c, uint64_t slot)
{
	return (uint32_t)((c->number * b->options.rooms_per_reader + slot) % b->n_rooms);
}

/* The members of a room are spread over all servers, and the first members of the rooms, too. */
static inline uint32_t bench_server_of(const struct bench *b, uint32_t conn)
{
	uint64_t n_rooms = b->n_rooms ? b->n_rooms : 1, first = conn * b->options.rooms_per_reader;
	return (uint32_t)((first / n_rooms + first % n_rooms / b->options.rooms_per_reader) % b->n_servers);
}

uint64_t bench_now(void);
/* Remembers the first fault. */
void bench_fail(struct bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* bench_loop.c: sockets. */
bool bench_loop_init(struct bench *b);
void bench_loop_finish(struct bench *b);
/* Starts to connect. Returns false after it has told the fault. */
bool bench_loop_open(struct bench *b, struct bench_conn *c);
void bench_loop_close(struct bench *b, struct bench_conn *c);
/* Writes, and keeps what the socket does not take. With NULL it writes what was kept. */
void bench_loop_write(struct bench *b, struct bench_conn *c, const struct buf *bytes);
/* Waits at most wait_ms and takes everything that has arrived. Returns the number of sockets that had something. */
int bench_loop_turn(struct bench *b, int wait_ms);
/* Appends a masked frame. */
void bench_loop_frame(const struct bench *b, struct buf *out, uint8_t opcode, const char *payload, size_t n);

/* bench_limits.c: returns whether the limits that hello tells allow this load. If not, the fault names the limits that do not. */
bool bench_limits_allow(struct bench *b, const json_t *hello);

/* bench_setup.c: signing in, creating and joining. */
bool bench_setup_rooms(struct bench *b);
/* Opens the connections from `first` to first + n - 1 for a job and waits until all are done. */
bool bench_setup_conns(struct bench *b, enum bench_job job, uint32_t first, uint32_t n);
/* The first is called when a connection has been upgraded, the second for a text frame of a connection that is not live. */
void bench_setup_upgraded(struct bench *b, struct bench_conn *c);
void bench_setup_frame(struct bench *b, struct bench_conn *c, const char *payload, size_t n);

/* bench_take.c: takes a text frame of a live connection. */
void bench_take_frame(struct bench *b, struct bench_conn *c, const char *payload, size_t n, uint64_t came_at);
bool bench_take_init(struct bench *b);
/* Counts the hops of what is still among the arrivals. */
void bench_take_finish(struct bench *b);

/* bench_sender.c: message number `index` as a frame for its publisher; the paced thread; the window of --saturate. */
struct bench_conn *bench_sender_message(const struct bench *b, uint64_t index, uint64_t stamp, struct buf *out);
void *bench_sender_run(void *bench);
void bench_sender_refill(struct bench *b, struct bench_conn *c);

/* bench_report.c: prints the row (or JSON) and returns the exit code. */
int bench_report_load(const struct bench *b);
int bench_report_idle(const struct bench *b);

#endif
