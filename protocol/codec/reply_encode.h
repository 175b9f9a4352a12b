/*
 * Replies: {"type":"ok","ref":…,"data":{…}} and {"type":"error","ref":…,"data":{"code","message","retryable","field","retry_after_ms"}}.
 */
#ifndef PARLEY_CODEC_REPLY_ENCODE_H
#define PARLEY_CODEC_REPLY_ENCODE_H

#include "buf.h"
#include "request_decode.h"

/* `data` is an encoded JSON object of n bytes. Of what was run in the place of what was asked for, it is told beside ref->ran (command.run). */
void reply_encode_ok(struct buf *out, const struct reply_ref *ref, const void *data, size_t n);
/* message NULL: the table's; retry_after_ms 0: none. */
void reply_encode_error(struct buf *out, const struct reply_ref *ref, enum wire_error code, const char *message, uint32_t retry_after_ms);
/* What is wrong with the request itself, with its member in `field`. */
void reply_encode_fault(struct buf *out, const struct reply_ref *ref, const struct request_fault *fault);
/* An error that trying again does not help against, whatever its code. */
void reply_encode_final_error(struct buf *out, const struct reply_ref *ref, enum wire_error code, const char *message);

#endif
