/* Pages of history as answers: history.read and admin.export. */
#ifndef PARLEY_COMMAND_MESSAGE_HISTORY_PAGE_H
#define PARLEY_COMMAND_MESSAGE_HISTORY_PAGE_H

#include "command/wait_store.h"

/* What to read; the meaning of store_log_page's members. */
struct history_range {
	uint64_t after_seq, before_seq, limit;
	bool newest;
};

/* The operation of a wait (STORE_LOG_PAGE) that holds the room: fills it and lets it go. */
void history_page_go(struct store_log_page *op, struct history_range range);
/* Its done(): answers {"room","events","more","last_seq"}. */
void history_page_arrived(struct wait *w);

#endif
