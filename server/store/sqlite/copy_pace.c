#include "store/sqlite/copy_pace.h"

#include "base/clock.h"

#include <fcntl.h>
#include <time.h>

enum { PIECE_BYTES = 64 * 1024, REST_MAX_MS = 50 };
/* Of the disk's time the copy takes at most a third. */
static const uint64_t REST_PER_WORK = 2;

static void rest(uint64_t worked_ns)
{
	uint64_t ns = worked_ns * REST_PER_WORK, most_ns = REST_MAX_MS * (uint64_t)1000000;
	ns = ns < most_ns ? ns : most_ns;
	(void)nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

/* An error is left to the sync that counts: the kernel tells it again to every descriptor that asks (errseq, since Linux 4.13). */
static void bring_to_disk(struct copy_pace *p)
{
	uint64_t started_ns = clock_mono_ns();
	(void)sync_file_range(p->fd, p->from, p->to - p->from,
			      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	p->n_bytes = 0;
	rest(clock_mono_ns() - started_ns);
}

static int paced_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	/* The table is the first member of the structure, and not constant: it is ours. */
	struct copy_pace *p = (struct copy_pace *)(uintptr_t)file->pMethods;
	int rc = p->real->xWrite(file, bytes, n, at);
	if (rc != SQLITE_OK)
		return rc;
	if (p->n_bytes == 0 || at < p->from)
		p->from = at;
	if (p->n_bytes == 0 || at + n > p->to)
		p->to = at + n;
	p->n_bytes += (size_t)n;
	if (p->n_bytes >= PIECE_BYTES && !atomic_load(&p->hurry))
		bring_to_disk(p);
	return SQLITE_OK;
}

int copy_pace_attach(struct copy_pace *p, struct sqlite_connection *c, int fd)
{
	int rc = sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &p->file);
	if (rc != SQLITE_OK || !p->file || !p->file->pMethods)
		return rc != SQLITE_OK ? rc : SQLITE_CANTOPEN;
	p->real = p->file->pMethods;
	p->methods = *p->real;
	p->methods.xWrite = paced_write;
	p->fd = fd;
	p->file->pMethods = &p->methods;
	return SQLITE_OK;
}

void copy_pace_hurry(struct copy_pace *p, bool hurry)
{
	atomic_store(&p->hurry, hurry);
}

int copy_pace_sync(struct copy_pace *p)
{
	p->n_bytes = 0;
	return p->real->xSync(p->file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}
