/*
 * A store with three rooms in the file, the middle one of which is to be damaged, and functions that damage it and look at what is left.
 */
#ifndef PARLEY_TESTS_STORE_HURT_H
#define PARLEY_TESTS_STORE_HURT_H

#include "cmocka_wrap.h"
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>

enum { PAGE = 4096, EVENTS = 120 };

struct world {
	struct store_fixture *f;
	uint64_t ann, first, hurt, last; /* the rooms: the one in the middle is hurt */
};

/* Texts that can be found in the file. */
static inline void say(struct world *w, uint64_t room, const char *name, int n)
{
	char data[400];
	for (int i = 0; i < n; i++) {
		snprintf(data, sizeof data, "{\"text\":\"%s %06d %0200d\"}", name, i + 3, 7);
		assert_int_equal(send_text(w->f, room, w->ann, data), i + 3);
	}
}

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	*state = w;
	w->f = store_fixture_new("/tmp");
	if (!store_fixture_open(w->f))
		return -1;
	w->ann = make_user(w->f, "ann", USER_PERSON);
	w->first = make_room(w->f, "first", w->ann);
	w->hurt = make_room(w->f, "hurt", w->ann);
	w->last = make_room(w->f, "last", w->ann);
	say(w, w->first, "first", EVENTS);
	say(w, w->hurt, "hurt", EVENTS);
	say(w, w->last, "last", EVENTS);
	/* All of it goes into the file, and the readers' caches are empty. */
	store_fixture_close(w->f);
	return store_fixture_open(w->f) ? 0 : -1;
}

static inline int teardown(void **state)
{
	struct world *w = *state;
	store_fixture_destroy(w->f);
	free(w);
	return 0;
}

static inline int open_db(const struct world *w)
{
	char path[300];
	snprintf(path, sizeof path, "%s/parley.db", w->f->dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Where the text is in the file; it is there once. */
static inline off_t find_text(const struct world *w, const char *text)
{
	struct stat st;
	int fd = open_db(w);
	assert_int_equal(fstat(fd, &st), 0);
	char *bytes = malloc((size_t)st.st_size);
	assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
	const char *found = memmem(bytes, (size_t)st.st_size, text, strlen(text));
	assert_non_null(found);
	off_t at = found - bytes;
	assert_null(memmem(found + 1, (size_t)(st.st_size - at - 1), text, strlen(text)));
	free(bytes);
	close(fd);
	return at;
}

static inline void overwrite(const struct world *w, off_t at, const void *bytes, size_t n)
{
	int fd = open_db(w);
	assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
	close(fd);
}

static inline void overwrite_page(const struct world *w, off_t at)
{
	uint8_t noise[PAGE];
	memset(noise, 0xa5, sizeof noise);
	overwrite(w, at / PAGE * PAGE, noise, sizeof noise);
}

/* The whole log of a room, page by page, over what cannot be read: how many events were read, and the seqs that were refused. */
struct reading {
	uint64_t n_read, n_refusals, refused_from, refused_to;
};

static inline struct reading read_all(const struct world *w, uint64_t room, bool newest)
{
	struct reading r = {0};
	uint64_t after = 0, before = EVENTS + 3;
	for (bool more = true; more;) {
		struct store_log_page page = {.room_no = room, .after_seq = after, .before_seq = before, .limit = 20, .newest = newest};
		int result = store_fixture_do(w->f, &page.op, STORE_LOG_PAGE);
		assert_true(result == 0 || result == -EBADMSG);
		uint64_t low = page.damaged_from, high = page.damaged_to;
		if (result == 0) {
			assert_true(page.n_events > 0);
			low = page.events[0]->seq;
			high = page.events[page.n_events - 1]->seq;
			r.n_read += page.n_events;
		} else {
			r.n_refusals++;
			r.refused_from = low;
			r.refused_to = high;
		}
		assert_true(low <= high);
		if (newest)
			assert_int_equal(high, before - 1);
		else
			assert_int_equal(low, after + 1);
		for (size_t i = 0; i < page.n_events; i++) {
			size_t n;
			const char *json = (const char *)event_json(page.events[i], &n);
			json_auto_t *parsed = json_loadb(json, n, 0, NULL);
			assert_int_equal(json_integer_value(json_object_get(parsed, "seq")), page.events[i]->seq);
			assert_int_equal(page.events[i]->seq, low + i);
		}
		after = newest ? after : high;
		before = newest ? low : before;
		more = after + 1 < before;
		store_log_page_finish(&page);
	}
	return r;
}

/* Only the damaged room has stopped: nothing is written to it, all other writes go on, and the probe and the counters tell. */
static inline void assert_hurt_alone_is_stopped(struct world *w)
{
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), -EBADMSG);
	struct store_read_mark mark = {.room_no = w->hurt, .user_no = w->ann, .seq = 5};
	assert_int_equal(store_fixture_do(w->f, &mark.op, STORE_READ_MARK), -EBADMSG);
	struct store_leave leave = {.room_no = w->hurt, .user_no = w->ann};
	assert_int_equal(store_fixture_do(w->f, &leave.op, STORE_LEAVE), -EBADMSG);
	assert_int_equal(send_text(w->f, w->first, w->ann, "{\"text\":\"on\"}"), EVENTS + 3);
	assert_int_equal(send_text(w->f, w->last, w->ann, "{\"text\":\"on\"}"), EVENTS + 3);
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(w->f, &ping, STORE_PING), -EBADMSG);
	assert_int_equal(w->f->metrics.damaged_rooms, 1);
	assert_true(w->f->metrics.damaged_reads_total > 0);
}

/* What a verification says, as text; finish it. */
static inline struct buf verify(struct world *w, uint64_t *n_faults)
{
	struct store_verify op = {0};
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_VERIFY), 0);
	*n_faults = op.n_faults;
	buf_append_byte(&op.faults, '\0');
	return op.faults;
}

static inline void assert_verify_says(struct world *w, const char *what)
{
	uint64_t n_faults;
	auto_buf faults = verify(w, &n_faults);
	assert_true(n_faults > 0);
	if (!strstr((const char *)faults.data, what))
		fail_msg("\"%s\" is not in\n%s", what, (const char *)faults.data);
}

/* Of a file that nobody has open. */
static inline void change_file(const struct world *w, const char *sql)
{
	char path[300];
	sqlite3 *db;
	snprintf(path, sizeof path, "%s/parley.db", w->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static inline int64_t number_in_file(const struct world *w, const char *sql)
{
	char path[300];
	sqlite3 *db;
	sqlite3_stmt *st;
	snprintf(path, sizeof path, "%s/parley.db", w->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return number;
}

#endif
