/*
 * A reader: one follower's place in one room's log. The fast reader, the slow one, the resumed one and the event stream differ only in where their place is. It is
 * in the room's ring (READER_IN_TAIL), or behind it (READER_IN_LOG, reader_log.c). There the store is read page by page at the pace of the socket until the place is
 * in the ring again.
 *
 * Memory of a follower that is behind, in any number of rooms: one page of the store (config.write_bytes) and what the library keeps of one write.
 */
#ifndef PARLEY_ROOM_READER_H
#define PARLEY_ROOM_READER_H

#include "room/room_state.h"

/* The place for a cursor of another epoch: nothing is known of what its client has. The largest number of the protocol leads to it when it comes as a cursor. An
 * event stream that is cut off before its room.gap comes back with that number, and clients send it for the same reason. */
#define READER_SEQ_RESTORED (UINT64_C(1) << 53)

/* A new reader whose first event will be next_seq: the feed's last_seq + 1 for live, more than that for beyond the end, or READER_SEQ_RESTORED. It is served when
 * the socket is next writable, which is asked for. The follower must not have a reader of the room yet. `group`: readers that end together (those of a member). */
struct reader *reader_attach(struct follower *f, struct room *r, struct list *group, uint64_t next_seq);
void reader_detach(struct reader *reader);
/* The follower's reader of this room, or NULL; walks all of its readers. */
struct reader *reader_of(struct follower *f, const struct room *r);

/* Writes what the reader lacks, as far as the socket takes it; asks for a writable callback for the rest. */
void reader_serve(struct reader *reader);

/* Tells room.gap: from..to will not come. */
void reader_tell_gap(struct reader *reader, uint64_t from, uint64_t to, const char *reason);

/* reader_log.c: goes on reading from the store. */
void reader_log_serve(struct reader *reader);
/* The reader leaves while a page is asked for or waits. */
void reader_log_forget(struct reader *reader);

/* reader_stream.c: n bytes of ring frames, the first with the seq `next_seq` or none, as server-sent events to an event stream. */
void reader_stream_frames(struct reader *reader, const uint8_t *frames, size_t n);
/* Most bytes of frames for one write: config.write_bytes; for an event stream as many as make about that much text. Never 0. */
size_t reader_write_bytes(const struct follower *f);
/*
 * How a stream begins: a comment, and a block with nothing but an id. The block makes no event, but a client that loses the stream before its first event comes back
 * with that id.
 */
void reader_stream_place(const struct follower *f, struct buf *out);
/* A personal event without a seq. */
void reader_stream_event(struct follower *f, const void *json, size_t n);

#endif
