/*
 * What an error of SQLite means to us. Three kinds: there is no room now (nothing was stored, go on reading, try again later); the
 * ground is lost (an fsync failed or the file is damaged: what is on disk is unknown, so the process ends and the next start
 * looks); anything else is one failed read.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_FAULT_H
#define PARLEY_STORE_SQLITE_SQLITE_FAULT_H

#include "store/sqlite/sqlite_connection.h"

enum sqlite_fault { SQLITE_FAULT_NO_ROOM, SQLITE_FAULT_GROUND_LOST, SQLITE_FAULT_OTHER };

enum { SQLITE_FAULT_EXIT_CODE = 3 };

enum sqlite_fault sqlite_fault_of(int rc, int system_errno);
/* Whether this errno says that there is no room now: it can be tried again later. */
bool sqlite_fault_out_of_room(int system_errno);
/* Logs and ends the process with SQLITE_FAULT_EXIT_CODE, at once: no handlers, no acknowledgements. */
void sqlite_fault_exit(struct sqlite_connection *c, int rc, const char *during) __attribute__((noreturn));
/* The same, for a failure whose reason was kept. */
void sqlite_fault_exit_reason(int code, const char *reason, const char *during) __attribute__((noreturn));
/* The same, for a file that SQLite knows nothing of. */
void sqlite_fault_exit_errno(int system_errno, const char *during) __attribute__((noreturn));
/* Whether it says that what is stored cannot be read: the file's content makes no sense, or the disk does not give it back. Not the ground: other
 * places of the file are as good as before. What is written nevertheless is SQLITE_FAULT_GROUND_LOST. */
bool sqlite_fault_is_damage(int rc);

#endif
