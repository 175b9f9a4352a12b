/* Pages of history as answers: history.read and admin.export. */
#ifndef PARLEY_COMMAND_MESSAGE_HISTORY_PAGE_H
#define PARLEY_COMMAND_MESSAGE_HISTORY_PAGE_H

#include "command/wait_store.h"

/* What to read; the members mean the same as in store_log_page. */
struct history_range {
	uint64_t after_seq, before_seq, limit;
	bool newest, with_changes;
};

/* Fills and submits `op`, the operation (STORE_LOG_PAGE) of a wait that holds the room. */
void history_page_go(struct store_log_page *op, struct history_range range);
/* The wait's done(): answers {"room","events","changes","more","last_seq"}. */
void history_page_arrived(struct wait *w);

#endif
