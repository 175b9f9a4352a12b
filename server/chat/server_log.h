/*
 * The server's own log (store/notices.h), as this instance follows it: what other instances did to accounts and rooms, beside the events of rooms. Its room
 * is asked for how far it is with all others (follow.h), always, and its feed fetches what is missing. Each notice that leaves the feed is applied
 * (user_tell.h). What this instance wrote itself is known when it is committed, and passed over; where a notice of another one comes between, its own come again
 * with that one and change nothing.
 *
 * Notices that cannot be had (cleared away, damaged, of a kind that only a newer version knows) lead to the same as an outage: everybody in memory is read again.
 *
 * Only where the store says that others write to it. Owner: struct chat. Loop thread only.
 */
#ifndef PARLEY_CHAT_SERVER_LOG_H
#define PARLEY_CHAT_SERVER_LOG_H

#include "chat/chat_state.h"

struct server_log *server_log_new(struct chat *c);
/* Nothing may be under way. Accepts NULL. */
void server_log_destroy(struct server_log *log);
/* Looks where the log ends, unless that is known or asked for already: what comes behind that is applied, and who is in memory then is read again. */
void server_log_find(struct server_log *log);
/* The log is another one now: the store's epoch is over. */
void server_log_forget(struct server_log *log);
/* Notices are lost to its feed, or not understood. */
void server_log_skipped(struct chat *c);
/* The last one of n notices of an operation of our own, which were applied; seq 0: they were not written. */
void server_log_wrote(struct server_log *log, size_t n, uint64_t seq);

#endif
