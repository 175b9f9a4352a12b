/*
 * Looks whether bytes from a disk are an event: for those that were stored without a checksum.
 */
#ifndef PARLEY_CODEC_EVENT_CHECK_H
#define PARLEY_CODEC_EVENT_CHECK_H

#include "event_encode.h"

#include <stdbool.h>

/* Whether the n bytes are what event_encode() makes of these, around any object as `data`. Pure. */
bool event_check(const void *json, size_t n, enum event_type type, const struct uid *id, int64_t timestamp_ms, const struct uid *room,
		 uint64_t seq);

#endif
