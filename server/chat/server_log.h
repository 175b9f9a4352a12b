/*
 * The server's own log (store/notices.h), as this instance follows it: what other instances did to accounts and rooms, beside the events of rooms. The store is
 * always asked for its room's newest seq, together with all others (follow.h), and its feed fetches what is missing. Each notice that leaves the feed is applied
 * (user_tell.h).
 *
 * What this instance wrote itself is known when it is committed, and is passed over. Where a notice of another instance comes between, our own notices come again
 * with it and change nothing. While a bus tells of the log, both stand in the feed until what is missing before them has come: notices of several instances
 * cross all the time.
 *
 * Notices may be cleared away, damaged, or of a kind that only a newer version knows. Then the same happens as after an outage: everybody in memory is read again.
 *
 * Only where the store says that others write to it. Owner: struct chat. Loop thread only.
 */
#ifndef PARLEY_CHAT_SERVER_LOG_H
#define PARLEY_CHAT_SERVER_LOG_H

#include "chat/chat_state.h"
#include "store/notices.h"

struct server_log *server_log_new(struct chat *c);
/* No operation may be under way. Accepts NULL. */
void server_log_destroy(struct server_log *log);
/* Asks where the log ends, unless that is known or asked for already. What comes behind that end is applied, and the users who are in memory then are read again. */
void server_log_find(struct server_log *log);
/* The store's epoch is over, and the log is another one. */
void server_log_forget(struct server_log *log);
/* The feed has lost notices, or one was not understood. */
void server_log_skipped(struct chat *c);
/* Passes over n notices of an operation of our own, which were applied; seq: the last one's, or 0 when they were not written. */
void server_log_wrote(struct server_log *log, const struct user_notice *notices, size_t n, uint64_t seq);
/* An instance says that it wrote n notices, the last with this seq. They are applied when all before them are. */
void server_log_heard(struct server_log *log, const struct user_notice *notices, size_t n, uint64_t seq);

#endif
