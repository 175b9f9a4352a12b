/*
 * Writes SQLite's log (parley.db-wal) in large pieces. SQLite writes each page of a transaction with two small calls, a third of the
 * writer's time; this layer keeps them in memory until the log is synced, read, measured or cut, and then writes them at once.
 * Nothing is weaker for it: a commit counts only after the sync of the log, before which everything is handed to the kernel, and
 * other connections learn of the new pages only after that.
 *
 * For the writer's connection alone; everything but the log goes to SQLite's own layer untouched.
 */
#ifndef PARLEY_STORE_SQLITE_LOG_VFS_H
#define PARLEY_STORE_SQLITE_LOG_VFS_H

#define LOG_VFS_NAME "parley-log"

/* Makes the name known to SQLite, once per process. Returns SQLite's code. */
int log_vfs_register(void);

#endif
