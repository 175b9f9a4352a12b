#include "store/postgres/postgres_mark.h"

#include "base/checksum.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/work/batch_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* "parleymk" to a machine of the same byte order; to another one the file is a stranger's. */
static const uint64_t MAGIC = 0x6b6d79656c726170;

struct block {
	uint64_t magic;
	char epoch[16]; /* zeros at the end */
	uint64_t ground;
	struct uid writer;
	uint64_t batch_no;
	int64_t at_ms;
	uint64_t checksum; /* of all before it */
};
_Static_assert(sizeof(struct block) == 72 && sizeof(postgres_epoch) <= 16, "no byte of it is without a meaning");

static uint64_t checksum_of(const struct block *b)
{
	return checksum_crc32c(0, b, offsetof(struct block, checksum));
}

static void not_kept(struct postgres_mark *m, const char *during)
{
	LOG_WARN("store.mark_not_kept", LOG_S("file", "parley.mark"), LOG_S("during", during), LOG_S("reason", strerror(errno)),
		 LOG_S("consequence", "the next start does not notice a database whose disk was set back"));
	postgres_mark_close(m);
}

void postgres_mark_open(struct postgres_mark *m, const char *path)
{
	struct block b;
	*m = (struct postgres_mark){.fd = -1};
	if (!path)
		return;
	m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (m->fd < 0) {
		not_kept(m, "open");
		return;
	}
	if (pread(m->fd, &b, sizeof b, 0) != sizeof b || b.magic != MAGIC || b.checksum != checksum_of(&b))
		return;
	memcpy(m->epoch, b.epoch, sizeof m->epoch);
	m->ground = b.ground;
	m->writer = b.writer;
	m->batch_no = b.batch_no;
	m->at_ms = b.at_ms;
}

void postgres_mark_close(struct postgres_mark *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

void postgres_mark_put(struct postgres_mark *m, const postgres_epoch epoch, const struct uid *writer, uint64_t batch_no)
{
	struct block b = {.magic = MAGIC, .ground = m->ground_here, .writer = *writer, .batch_no = batch_no, .at_ms = clock_wall_ms()};
	memcpy(b.epoch, epoch, sizeof(postgres_epoch));
	b.checksum = checksum_of(&b);
	memcpy(m->epoch, epoch, sizeof m->epoch);
	m->ground = b.ground;
	m->writer = *writer;
	m->batch_no = batch_no;
	m->at_ms = b.at_ms;
	if (m->fd < 0)
		return;
	ssize_t n = pwrite(m->fd, &b, sizeof b, 0);
	if (n == sizeof b)
		return;
	errno = n < 0 ? errno : ENOSPC;
	not_kept(m, "write");
}

static const struct db_statement ground_get = {.sql = "SELECT bytes FROM meta WHERE key = 'ground'", .parameters = ""};

int postgres_mark_is_missing(struct postgres_mark *m, struct db *db, const postgres_epoch epoch, bool *is)
{
	int64_t age_ms = clock_wall_ms() - m->at_ms;
	*is = false;
	auto_answer *ground = db_ask_plain(db, &ground_get);
	auto_answer *row = batch_ask_writer(db, &m->writer);
	int rc = db_row(ground);
	struct text bytes = rc == DB_ROW ? db_column_bytes(ground, 0) : (struct text){0};
	m->ground_here = checksum_crc32c(0, bytes.s, bytes.n);
	if (rc < 0)
		return rc;
	/* Half of the time: the clocks of those who clear away are others. */
	if (memcmp(m->epoch, epoch, sizeof m->epoch) != 0 || m->ground != m->ground_here || age_ms > BATCH_WRITER_KEPT_MS / 2)
		return DB_OK;
	rc = db_row(row);
	*is = rc == DB_DONE || (rc == DB_ROW && db_column_number(row, 0) < m->batch_no);
	return rc < 0 ? rc : DB_OK;
}
