#include "bench_parts.h"

#include "store/sqlite/checkpoint.h"
#include "store/sqlite/copy_pace.h"
#include "store/sqlite/log_vfs.h"

#include <string.h>

enum { AUTOMATIC_PAGES = 1000 }; /* SQLITE_DEFAULT_WAL_AUTOCHECKPOINT */

static struct {
	bool log_vfs, copy_pace, checkpoint;
	sqlite3_vfs own; /* SQLite's, under the name of ours */
} left_out;              /* the linker gives the wrapped calls no argument for it */

bool bench_leave_out(const char *part)
{
	bool *known[] = {&left_out.log_vfs, &left_out.copy_pace, &left_out.checkpoint};
	const char *names[] = {"log_vfs", "copy_pace", "checkpoint"};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(part, names[i]) == 0)
			return *known[i] = true;
	return false;
}

int __real_log_vfs_register(void);
int __wrap_log_vfs_register(void);
int __wrap_log_vfs_register(void)
{
	if (!left_out.log_vfs)
		return __real_log_vfs_register();
	if (left_out.own.zName)
		return SQLITE_OK;
	left_out.own = *sqlite3_vfs_find(NULL);
	left_out.own.zName = LOG_VFS_NAME;
	return sqlite3_vfs_register(&left_out.own, 0);
}

void __real_copy_pace_hurry(struct copy_pace *p, bool hurry);
void __wrap_copy_pace_hurry(struct copy_pace *p, bool hurry);
void __wrap_copy_pace_hurry(struct copy_pace *p, bool hurry)
{
	__real_copy_pace_hurry(p, hurry || left_out.copy_pace);
}

int __real_copy_pace_attach(struct copy_pace *p, struct sqlite_connection *c, int fd);
int __wrap_copy_pace_attach(struct copy_pace *p, struct sqlite_connection *c, int fd);
int __wrap_copy_pace_attach(struct copy_pace *p, struct sqlite_connection *c, int fd)
{
	int rc = __real_copy_pace_attach(p, c, fd);
	if (rc == SQLITE_OK && left_out.copy_pace)
		__real_copy_pace_hurry(p, true);
	return rc;
}

void __real_checkpoint_after_commit(struct checkpoint *k, struct sqlite_connection *writer, int wal_pages);
void __wrap_checkpoint_after_commit(struct checkpoint *k, struct sqlite_connection *writer, int wal_pages);
void __wrap_checkpoint_after_commit(struct checkpoint *k, struct sqlite_connection *writer, int wal_pages)
{
	if (!left_out.checkpoint)
		__real_checkpoint_after_commit(k, writer, wal_pages);
	else if (wal_pages >= AUTOMATIC_PAGES)
		sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}
