/*
 * Where an event stream goes on: what Last-Event-ID or `after` says. Pure.
 */
#ifndef PARLEY_ROOM_STREAM_CURSOR_H
#define PARLEY_ROOM_STREAM_CURSOR_H

#include "codec/uid.h"

#include <stdbool.h>
#include <stdint.h>

/* The cursor of one room in "<room id>:<seq>,…"; where the stream has no other room (is_only) also in a bare "<seq>". 1: found, in *seq. 0: the room is not
 * named, or cursors is NULL or "". -1: this is no cursor. */
int stream_cursor_find(const char *cursors, const struct uid *room, bool is_only, uint64_t *seq);

#endif
