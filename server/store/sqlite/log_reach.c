#include "store/sqlite/log_reach.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/work/store_thread.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A slot in a block of its own: a write that a power failure tears leaves the other one. */
enum { SLOTS = 2, SLOT_BYTES = 4096 };

/* "parreach" to a machine of the same byte order; to another one the file is a stranger's. */
static const uint64_t MAGIC = 0x6863616572726170;

struct slot {
	uint64_t magic, turn; /* the higher turn is the newer slot */
	struct log_reach_mark mark;
	uint64_t checksum; /* of all before it */
};
static_assert(sizeof(struct slot) == 64, "no byte of it is without a meaning");

/* FNV-1a, 64 bits. */
static uint64_t checksum_of(const struct slot *s)
{
	const uint8_t *bytes = (const uint8_t *)s;
	uint64_t sum = 0xcbf29ce484222325;
	for (size_t i = 0; i < offsetof(struct slot, checksum); i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3;
	return sum;
}

/* The turn of the newest slot, 0 for none. */
static uint64_t newest(int fd, struct log_reach_mark *out)
{
	uint64_t turn = 0;
	for (int i = 0; i < SLOTS; i++) {
		struct slot s;
		if (pread(fd, &s, sizeof s, i * SLOT_BYTES) != sizeof s || s.magic != MAGIC || s.checksum != checksum_of(&s) ||
		    s.turn <= turn)
			continue;
		turn = s.turn;
		*out = s.mark;
	}
	return turn;
}

bool log_reach_read(const struct data_dir *d, struct log_reach_mark *out)
{
	*out = (struct log_reach_mark){0};
	int fd = open(d->reach_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	uint64_t turn = newest(fd, out);
	close(fd);
	return turn != 0;
}

/* SQLite's file format, section 4.1: a magic number, whose last bit tells the byte order of the sums, and at its end two sums over the rest. */
bool log_reach_has_header(const struct data_dir *d)
{
	enum { WORDS = 8, SUMMED = 6 };
	uint32_t word[WORDS];
	int fd = open(d->wal_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool whole = pread(fd, word, sizeof word, 0) == sizeof word;
	close(fd);
	uint32_t magic = be32toh(word[0]), sum[2] = {0, 0};
	if (!whole || (magic & ~(uint32_t)1) != 0x377f0682)
		return false;
	for (int i = 0; i < SUMMED; i += 2) {
		sum[0] += (magic & 1 ? be32toh(word[i]) : le32toh(word[i])) + sum[1];
		sum[1] += (magic & 1 ? be32toh(word[i + 1]) : le32toh(word[i + 1])) + sum[0];
	}
	return sum[0] == be32toh(word[6]) && sum[1] == be32toh(word[7]);
}

/* The log's index (parley.db-shm; SQLite's walformat.html, section 2.1): 32-bit words in the machine's order, the salts as they are in the log. */
enum { INDEX_BYTES = 32768, INDEX_FRAMES = 16 / 4, INDEX_SALT = 32 / 4, INDEX_COPIED = 96 / 4 };

int log_reach_end(struct sqlite_connection *c, struct log_end *out)
{
	*out = (struct log_end){0};
	sqlite3_file *file = NULL;
	void volatile *memory = NULL;
	int rc = sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (rc == SQLITE_OK && (!file->pMethods || file->pMethods->iVersion < 2))
		rc = SQLITE_CANTOPEN;
	/* Mapped already, since the connection reads: this only asks where. */
	if (rc == SQLITE_OK)
		rc = file->pMethods->xShmMap(file, 0, INDEX_BYTES, 0, &memory);
	if (rc != SQLITE_OK || !memory)
		return rc != SQLITE_OK ? rc : SQLITE_CANTOPEN;
	const uint32_t volatile *word = memory;
	out->frames = word[INDEX_FRAMES];
	out->salt[0] = word[INDEX_SALT];
	out->salt[1] = word[INDEX_SALT + 1];
	out->copied = word[INDEX_COPIED];
	return SQLITE_OK;
}

/* ---- writing ---- */

struct log_reach {
	int fd;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* With the mutex. */
	struct slot slot; /* the newest */
	bool dirty, stopping, failed;
};

/* A disk that does not take these few bytes will not take commits for long. Without room (on a file system that never writes in place) the
 * proof only stays older than it could be. */
static void write_slot(struct log_reach *r)
{
	r->slot.turn++;
	r->slot.checksum = checksum_of(&r->slot);
	ssize_t n = pwrite(r->fd, &r->slot, sizeof r->slot, (off_t)(r->slot.turn % SLOTS) * SLOT_BYTES);
	if (n == sizeof r->slot) {
		r->failed = false;
		if (!r->dirty)
			pthread_cond_signal(&r->changed);
		r->dirty = true;
		return;
	}
	int code = n < 0 ? errno : ENOSPC;
	if (!sqlite_fault_out_of_room(code))
		sqlite_fault_exit_errno(code, "proof of reach");
	if (!r->failed)
		LOG_WARN("store.reach_not_written", LOG_S("reason", strerror(code)));
	r->failed = true;
}

void log_reach_put(struct log_reach *r, struct sqlite_connection *c, uint64_t progress)
{
	pthread_mutex_lock(&r->mutex);
	struct log_end end, *known = &r->slot.mark.end;
	if (log_reach_end(c, &end) == SQLITE_OK) {
		end.copied = memcmp(end.salt, known->salt, sizeof end.salt) == 0 ? known->copied : 0;
		*known = end;
	}
	r->slot.mark.progress = progress;
	write_slot(r);
	pthread_mutex_unlock(&r->mutex);
}

void log_reach_put_copying(struct log_reach *r)
{
	pthread_mutex_lock(&r->mutex);
	bool was_whole = r->slot.mark.end.copied != 0;
	r->slot.mark.end.copied = 0;
	if (was_whole)
		write_slot(r);
	pthread_mutex_unlock(&r->mutex);
}

void log_reach_put_copied(struct log_reach *r, struct sqlite_connection *c)
{
	pthread_mutex_lock(&r->mutex);
	struct log_end end, *known = &r->slot.mark.end;
	/* What the log has beyond the last put is not acknowledged yet. */
	if (log_reach_end(c, &end) == SQLITE_OK && memcmp(end.salt, known->salt, sizeof end.salt) == 0 && end.copied > known->copied) {
		known->copied = end.copied;
		write_slot(r);
	}
	pthread_mutex_unlock(&r->mutex);
}

void log_reach_put_closed(struct log_reach *r)
{
	pthread_mutex_lock(&r->mutex);
	r->slot.mark.end = (struct log_end){0};
	write_slot(r);
	pthread_mutex_unlock(&r->mutex);
}

static void bring_to_disk(struct log_reach *r)
{
	if (fdatasync(r->fd) != 0)
		sqlite_fault_exit_errno(errno, "proof of reach");
}

static void *reach_thread(void *arg)
{
	struct log_reach *r = arg;
	pthread_mutex_lock(&r->mutex);
	while (!r->stopping) {
		if (!r->dirty) {
			pthread_cond_wait(&r->changed, &r->mutex);
			continue;
		}
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOG_REACH_SYNC_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		while (!r->stopping && pthread_cond_timedwait(&r->changed, &r->mutex, &until) != ETIMEDOUT)
			;
		r->dirty = false;
		pthread_mutex_unlock(&r->mutex);
		bring_to_disk(r);
		pthread_mutex_lock(&r->mutex);
	}
	pthread_mutex_unlock(&r->mutex);
	return NULL;
}

/* All of its bytes are there before anything counts on them, so that no write of a slot needs room. */
static int make_file(const struct data_dir *d)
{
	static const uint8_t zeros[SLOTS * SLOT_BYTES];
	int fd = open(d->reach_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	off_t size = lseek(fd, 0, SEEK_END);
	if (size == sizeof zeros)
		return fd;
	bool made = size >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, zeros, sizeof zeros, 0) == (ssize_t)sizeof zeros && fsync(fd) == 0;
	int code = made ? -data_dir_sync(d) : errno;
	if (code == 0)
		return fd;
	close(fd);
	errno = code;
	return -1;
}

struct log_reach *log_reach_open(const struct data_dir *d, const struct uid *epoch)
{
	int fd = make_file(d);
	if (fd < 0)
		return NULL;
	struct log_reach *r = mem_new(struct log_reach);
	struct log_reach_mark before;
	r->fd = fd;
	r->slot = (struct slot){.magic = MAGIC, .turn = newest(fd, &before), .mark.epoch = *epoch};
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	store_thread_start(&r->thread, "store-reach", reach_thread, r);
	return r;
}

void log_reach_destroy(struct log_reach *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->mutex);
	r->stopping = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	bring_to_disk(r);
	close(r->fd);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->mutex);
	free(r);
}
