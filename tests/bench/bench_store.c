/*
 * How fast the store takes messages, and how soon: bench_store [--json] [--without PART]... DIR [seconds] [rooms] [authors] [rate], or --database ADDRESS in place of
 * DIR, for PostgreSQL. PART: bench_parts.h.
 * Without a rate as many as possible with 2000 under way; with one, that many a second evenly paced, and the time to done() of each.
 * The writer of each room and the number of pairs follow from the two numbers: as many as their least common multiple.
 * Prints one line, or one JSON object; the data directory is made below DIR and left for a look. Failures count as what was not acknowledged.
 */
#include "bench_parts.h"

#include "base/clock.h"
#include "store/postgres/store_postgres.h"
#include "store/sqlite/store_sqlite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { UNDER_WAY = 2000, SAMPLES_MAX = 1 << 22 };

struct send {
	struct store_append op; /* first */
	struct bench *bench;
	uint64_t sent_ns;
	struct send *next_free;
};

struct bench {
	struct loop *loop;
	struct metrics metrics;
	struct store *store;
	struct send sends[UNDER_WAY], *free;
	uint64_t rooms[10000], n_rooms, authors[10000], n_authors;
	uint64_t n_sent, n_done, n_failed;
	uint32_t *samples_us;
	struct buf data;
};

static void setup_done(struct store_op *op)
{
	op->done = NULL;
}

static void do_op(struct bench *b, struct store_op *op, enum store_op_kind kind)
{
	op->kind = kind;
	op->done = setup_done;
	if (b->store->methods->submit(b->store, op) != 0)
		abort();
	while (op->done)
		loop_run_once(b->loop);
	if (op->result != 0)
		abort();
}

/* Each author is a member of the rooms that they write in: the author of the n-th message in its room. */
static void join_writers(struct bench *b)
{
	for (uint64_t n = 0; n == 0 || n % b->n_rooms != 0 || n % b->n_authors != 0; n++) {
		struct store_join j = {.room_no = b->rooms[n % b->n_rooms], .user_no = b->authors[n % b->n_authors]};
		do_op(b, &j.op, STORE_JOIN);
		store_op_finish(&j.op);
	}
}

static void make_world(struct bench *b)
{
	struct buf empty = BUF_INIT;
	buf_append_str(&empty, "{}");
	for (uint64_t i = 0; i < b->n_authors; i++) {
		/* A guest without a token can be in no room. */
		struct store_user_create u = {.kind = USER_GUEST, .name = {"bench", 5}, .name_key = {"bench", 5}, .has_token = true};
		struct uid token[2];
		uid_random(&u.id, 1);
		uid_random(token, 2);
		memcpy(u.token_hash, token, sizeof u.token_hash);
		do_op(b, &u.op, STORE_USER_CREATE);
		b->authors[i] = u.user_no;
	}
	for (uint64_t i = 0; i < b->n_rooms; i++) {
		char name[30];
		snprintf(name, sizeof name, "bench %llu", (unsigned long long)i);
		struct store_room_create r = {.name = {name, strlen(name)},
					      .name_key = {name, strlen(name)},
					      .owner_no = b->authors[0],
					      .created_data = empty,
					      .joined_data = empty};
		uid_random(&r.id, 1);
		do_op(b, &r.op, STORE_ROOM_CREATE);
		b->rooms[i] = r.membership.room.no;
		store_op_finish(&r.op);
	}
	join_writers(b);
	buf_finish(&empty);
}

static void sent(struct store_op *op)
{
	struct send *s = (struct send *)(void *)op;
	struct bench *b = s->bench;
	if (op->result != 0)
		b->n_failed++;
	else if (b->n_done < SAMPLES_MAX)
		b->samples_us[b->n_done] = (uint32_t)((clock_mono_ns() - s->sent_ns) / 1000);
	b->n_done++;
	event_free(s->op.event);
	s->next_free = b->free;
	b->free = s;
}

static bool send_one(struct bench *b)
{
	struct send *s = b->free;
	if (!s)
		return false;
	b->free = s->next_free;
	s->op = (struct store_append){.room_no = b->rooms[b->n_sent % b->n_rooms],
				      .author_no = b->authors[b->n_sent % b->n_authors],
				      .type = EVENT_MESSAGE_CREATED,
				      .data = b->data,
				      .has_client_id = true};
	uid_random(&s->op.client_id, 1);
	s->op.op.kind = STORE_APPEND;
	s->op.op.done = sent;
	s->sent_ns = clock_mono_ns();
	if (b->store->methods->submit(b->store, &s->op.op) != 0)
		abort();
	b->n_sent++;
	return true;
}

static void run(struct bench *b, uint64_t seconds, uint64_t rate)
{
	uint64_t started_ns = clock_mono_ns(), end_ns = started_ns + seconds * 1000000000u;
	for (uint64_t now; (now = clock_mono_ns()) < end_ns;) {
		uint64_t due = rate != 0 ? (now - started_ns) * rate / 1000000000u : UINT64_MAX;
		while (b->n_sent < due && send_one(b))
			;
		loop_run_once(b->loop);
		nanosleep(&(struct timespec){.tv_nsec = rate != 0 ? 100000 : 2000000}, NULL);
	}
	while (b->n_done < b->n_sent)
		loop_run_once(b->loop);
}

static int by_value(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	return a < b ? -1 : a > b;
}

/* Seconds of CPU that this process's threads of this name took. */
static double thread_seconds(const char *name)
{
	double seconds = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[300], line[1000];
		snprintf(path, sizeof path, "/proc/self/task/%s/stat", e->d_name);
		FILE *f = fopen(path, "r");
		const char *rest = f && fgets(line, sizeof line, f) ? strstr(line, name) : NULL;
		unsigned long user = 0, system = 0;
		if (rest && sscanf(strrchr(rest, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2)
			seconds += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return seconds;
}

static uint64_t number(int argc, char **argv, int at, uint64_t otherwise)
{
	return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

static bool open_store(struct bench *b, const char *address, const char *parent, char dir[300], char fault[400])
{
	if (address) {
		snprintf(dir, 300, "%s", address);
		b->store =
			store_postgres_open(b->loop, &b->metrics, &(struct store_postgres_config){.database = {.address = address}}, fault);
		return b->store != NULL;
	}
	snprintf(dir, 300, "%s/bench-store-XXXXXX", parent);
	if (!mkdtemp(dir)) {
		snprintf(fault, 400, "%s cannot be made", dir);
		return false;
	}
	b->store = store_sqlite_open(b->loop, &b->metrics, &(struct store_sqlite_config){.dir = dir}, fault);
	return b->store != NULL;
}

/* What is counted from the beginning of the load to its end. */
struct counts {
	double seconds, writer_seconds, copier_seconds, commit_seconds;
	uint64_t commits, round_trips;
};

static struct counts count(struct bench *b)
{
	return (struct counts){.seconds = (double)clock_mono_ns() / 1e9,
			       .writer_seconds = thread_seconds("(store-commit)"),
			       .copier_seconds = thread_seconds("(store-copy)"),
			       .commit_seconds = (double)b->metrics.commit_seconds.sum / 1e9,
			       .commits = b->metrics.commits_total,
			       .round_trips = b->metrics.store_round_trips_total};
}

static void print_result(struct bench *b, const struct counts *from, const struct counts *to, double open_ms, const char *where,
			 bool as_json)
{
	size_t n = b->n_done < SAMPLES_MAX ? (size_t)b->n_done : SAMPLES_MAX;
	double n_done = (double)b->n_done, commits = (double)(to->commits - from->commits);
	qsort(b->samples_us, n, sizeof *b->samples_us, by_value);
	printf(as_json ? "{\"open_ms\":%.1f,\"a_second\":%.0f,\"writer_us\":%.2f,\"copier_us\":%.2f,\"sends_per_commit\":%.1f,"
			 "\"round_trips_per_commit\":%.3f,\"commit_ms\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,"
			 "\"failed\":%llu,\"where\":\"%s\"}\n"
		       : "open %.1f ms · %.0f appends/s · %.1f µs CPU each in the writer and %.1f in the copier · %.1f per commit, %.2f round trips, "
			 "%.2f ms · done() after p50 %.2f p99 %.2f p99.9 %.2f max %.2f ms · %llu failed · %s\n",
	       open_ms, (double)(b->n_done - b->n_failed) / (to->seconds - from->seconds),
	       (to->writer_seconds - from->writer_seconds) * 1e6 / n_done, (to->copier_seconds - from->copier_seconds) * 1e6 / n_done,
	       n_done / commits, (double)(to->round_trips - from->round_trips) / commits,
	       (to->commit_seconds - from->commit_seconds) * 1e3 / commits, b->samples_us[n / 2] / 1e3, b->samples_us[n * 99 / 100] / 1e3,
	       b->samples_us[n * 999 / 1000] / 1e3, b->samples_us[n - 1] / 1e3, (unsigned long long)b->n_failed, where);
}

static struct bench *bench_new(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof *b);
	b->n_rooms = number(argc, argv, 2, 100);
	b->n_authors = number(argc, argv, 3, 100);
	b->samples_us = calloc(SAMPLES_MAX, sizeof *b->samples_us);
	for (size_t i = 0; i < UNDER_WAY; i++) {
		b->sends[i].bench = b;
		b->sends[i].next_free = b->free;
		b->free = &b->sends[i];
	}
	buf_append_str(&b->data, "{\"text\":\"");
	for (int i = 0; i < 16; i++)
		buf_append_str(&b->data, "0123456789");
	buf_append_str(&b->data, "\",\"author\":{\"id\":\"01234567-89ab-cdef-0123-456789abcdef\",\"name\":\"bench\",\"kind\":\"guest\"}}");
	b->loop = loop_new();
	return b;
}

static void bench_destroy(struct bench *b)
{
	b->store->methods->destroy(b->store);
	loop_run_once(b->loop);
	loop_destroy(b->loop);
	buf_finish(&b->data);
	free(b->samples_us);
	free(b);
}

int main(int argc, char **argv)
{
	const char *address = NULL;
	bool as_json = false, is_known = true;
	for (argc--, argv++; argc > 0 && argv[0][0] == '-' && is_known; argc--, argv++) {
		if (strcmp(argv[0], "--json") == 0)
			as_json = true;
		else if (strcmp(argv[0], "--without") == 0 && argc > 1 && (is_known = bench_leave_out(argv[1])))
			argc--, argv++;
		else if (strcmp(argv[0], "--database") == 0 && argc > 1 && (address = argv[1]))
			break;
		else
			is_known = false;
	}
	argc -= address != NULL;
	argv += address != NULL;
	if (argc < 1 || !is_known) {
		fprintf(stderr,
			"usage: bench_store [--json] [--without log_vfs|copy_pace|checkpoint]... DIR | --database ADDRESS [seconds] [rooms] "
			"[authors] [rate]\n");
		return 2;
	}
	struct bench *b = bench_new(argc, argv);
	char dir[300], fault[400];
	uint64_t open_ns = clock_mono_ns();
	if (!open_store(b, address, argv[0], dir, fault)) {
		fprintf(stderr, "%s\n", fault);
		return 1;
	}
	double open_ms = (double)(clock_mono_ns() - open_ns) / 1e6;
	make_world(b);
	struct counts from = count(b);
	run(b, number(argc, argv, 1, 5), number(argc, argv, 4, 0));
	struct counts to = count(b);
	print_result(b, &from, &to, open_ms, dir, as_json);
	bench_destroy(b);
	return 0;
}
