/*
 * Reading on from the store for readers that are behind the ring. Each follower has one page at a time, and all of them together at most READER_LOG_PAGES; the
 * others wait in line. While the database is away all wait, and go on where they were.
 */
#ifndef PARLEY_ROOM_READER_LOG_H
#define PARLEY_ROOM_READER_LOG_H

#include "room/room_state.h"

enum { READER_LOG_PAGES = 32 };

/* Asks again for those that were refused because the store was busy or away. Called by the housekeeping, and when the store is back. */
void reader_log_retry(struct rooms *rooms);

#endif
