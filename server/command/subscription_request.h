/*
 * What requests say of a consumer and of an outgoing webhook alike, checked and as it is kept. Loop thread only.
 */
#ifndef PARLEY_COMMAND_SUBSCRIPTION_REQUEST_H
#define PARLEY_COMMAND_SUBSCRIPTION_REQUEST_H

#include "command/wait_store.h"

/* The one of the caller that `named` is the id or the name of; the text has to live until the answer. */
struct subscription_ref subscription_ref_of(const struct call *call, enum subscription_kind kind, struct text named);
/* False: what was given is wrong, which was answered. Absent (s NULL, NULL), it is nothing. */
bool subscription_read_name(const struct call *call, struct text given, struct buf *name);
bool subscription_read_filter(const struct call *call, const json_t *given, struct buf *text);
/* Where one begins or goes to: behind all that was committed before this time, as op_subscription.h has it. */
int64_t subscription_place(bool has_since_ms, uint64_t since_ms, bool is_from_start);

#endif
