/*
 * Takes single parts out of the SQLite store, so that bench_store tells what each brings. The calls of the parts are wrapped by the linker (--wrap, see meson.build).
 * Set before the store is opened.
 */
#ifndef PARLEY_BENCH_PARTS_H
#define PARLEY_BENCH_PARTS_H

#include <stdbool.h>

/* log_vfs: SQLite's own layer writes the log. copy_pace: the copier brings a whole copy to disk at once. checkpoint: the log is copied within commits, at the length at
 * which SQLite does it by itself. False: there is no such part. */
bool bench_leave_out(const char *part);

#endif
