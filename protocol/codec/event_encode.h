/*
 * The one place where an event becomes JSON. The bytes are what is stored, sent, streamed and posted; nothing re-encodes them.
 */
#ifndef PARLEY_CODEC_EVENT_ENCODE_H
#define PARLEY_CODEC_EVENT_ENCODE_H

#include "buf.h"
#include "codec/events.h"
#include "uid.h"

#include <stdint.h>

/* Stored numbers: never renumber. Remembered events have a seq; the others (>= 100) do not and are never stored. */
enum event_type {
#define X(symbol, number, type) symbol = number,
	EVENT_TABLE(X)
#undef X
		EVENT_NOTICE = EVENT_NOTICE_NUMBER, /* of the server's own log: no client is sent one */
};

const char *event_type_name(enum event_type t);

/* Appends {"type":…,"id":…,"timestamp":…,"room":…,"seq":…,"data":DATA}. id NULL: no id; room NULL: no room; seq 0: no seq (an event that is not
 * remembered has neither id nor seq). `data` is an encoded JSON object of n bytes. timestamp_ms is Unix time in milliseconds. */
void event_encode(struct buf *out, enum event_type type, const struct uid *id, int64_t timestamp_ms, const struct uid *room, uint64_t seq,
		  const void *data, size_t n);

enum { TIMESTAMP_BYTES = 24 };
/* RFC 3339 in UTC with milliseconds: 2026-01-31T12:00:00.123Z, and a NUL.
 * The calendar is our own, because gmtime_r(3) counts leap seconds where TZ names a zone that has them. An event's bytes are stored and
 * compared with what they are encoded as later; they do not depend on the environment. Speed is no reason to change: a timestamp takes
 * 32 ns, and 34 ns with gmtime_r and the same digits, which holds a lock of the process; strftime(3) makes it 87 ns. */
void timestamp_format(int64_t timestamp_ms, char out[TIMESTAMP_BYTES + 1]);

#endif
