/* Compares a table of two databases row by row (copy.h). */
#ifndef PARLEY_STORE_COPY_COPY_VERIFY_H
#define PARLEY_STORE_COPY_COPY_VERIFY_H

#include "store/copy/copy.h"
#include "store/copy/copy_side.h"

enum { COPY_DIFFERENCES_TOLD = 20 }; /* all are counted */

struct copy_comparison {
	const struct copy_table *table;
	const struct copy_statements *statements;
	struct copy_side *source, *target; /* each within a transaction */
	const struct copy_watcher *watcher;
	uint64_t *n_differences; /* in and out: of all tables */
	bool (*is_interrupted)(void);
};

/* 0, also with differences, which are told; or -1 with a sentence in fault. */
int copy_verify_table(const struct copy_comparison *c, char fault[COPY_FAULT_BYTES]);

#endif
