/*
 * Remembers why a system call of SQLite's failed. SQLite tells it for a statement (sqlite3_system_errno), but not for a COMMIT, where it matters
 * most: a full disk, a used-up quota and a file at its largest size end differently than a disk that is broken.
 *
 * It takes the place of the few calls of SQLite's Unix layer that need room (sqlite3_vfs.xSetSystemCall), for all connections of the process. The
 * memory is each thread's own: SQLite's calls carry no argument of ours, so there is no other place for it.
 */
#ifndef PARLEY_STORE_SQLITE_DISK_ERRNO_H
#define PARLEY_STORE_SQLITE_DISK_ERRNO_H

/* Once or more, before a connection is open. */
void disk_errno_watch(void);
/* Of this thread's last failed call since it forgot; 0: none failed. */
int disk_errno(void);
void disk_errno_forget(void);

#endif
