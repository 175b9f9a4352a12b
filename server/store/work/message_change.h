/*
 * Which event edited or deleted a message last (the table message_change). The log says so as well, anywhere behind the message: a page of it is read together with
 * what changed its messages since.
 *
 * A change that is damaged is left out of a page. The text before it is no secret: it is in the log.
 */
#ifndef PARLEY_STORE_WORK_MESSAGE_CHANGE_H
#define PARLEY_STORE_WORK_MESSAGE_CHANGE_H

#include "store/work/batch.h"
#include "store/work/store_reader.h"

/* Whether events of this type change the message that their target_seq names. */
static inline bool message_change_is(enum event_type type)
{
	return type == EVENT_MESSAGE_EDITED || type == EVENT_MESSAGE_DELETED;
}

/* ---- for who writes; the room is locked ---- */

struct db_answer *message_change_ask(struct batch *b, uint64_t room_no, uint64_t message_seq);
/* Reads the newest change, but for its JSON; *is false: there is none. BATCH_LATER: an earlier operation of the batch made a newer one. */
int message_change_find(struct batch *b, struct store_op *op, const struct room_counters *room, uint64_t message_seq,
			struct db_answer *asked, struct event_row *out, bool *is);
/* The change is the newest one from now on. */
int message_change_set(struct batch *b, uint64_t room_no, uint64_t message_seq, uint64_t change_seq);

/* ---- for who reads ---- */

/* Fills op->changes of a page with events, and shortens the page to its limit_bytes. DB_DONE, or a failure. */
int message_change_read(struct store_reader *r, struct store_log_page *op, const struct uid *room);

#endif
