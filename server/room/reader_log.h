/*
 * Reading on from the store for readers that are behind the ring: one page at a time each follower, and at most READER_LOG_PAGES pages under
 * way for all of them together; the others wait in line. All wait there while the database is away, and go on where they were.
 */
#ifndef PARLEY_ROOM_READER_LOG_H
#define PARLEY_ROOM_READER_LOG_H

#include "room/room_state.h"

enum { READER_LOG_PAGES = 32 };

/* Asks again for those that were turned away because the store was busy or away. Called by the housekeeping, and when the store is back. */
void reader_log_retry(struct rooms *rooms);

#endif
