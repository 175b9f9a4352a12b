/* Pages of history as answers: history.read and admin.export. */
#ifndef PARLEY_COMMAND_MESSAGE_HISTORY_PAGE_H
#define PARLEY_COMMAND_MESSAGE_HISTORY_PAGE_H

#include "command/answer.h"

/* What to read; the meaning of store_log_page's members. */
struct history_range {
	uint64_t after_seq, before_seq, limit;
	bool newest;
};

/* Reads and answers {"room","events","more","last_seq"}. Takes over the wait, which holds the room. */
void history_page_answer(struct wait *w, struct history_range range);

#endif
