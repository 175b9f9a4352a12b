/*
 * What message.send, message.edit and message.delete share: the text that somebody typed, and the answer about the event that was made.
 */
#ifndef PARLEY_COMMAND_MESSAGE_MESSAGE_WRITE_H
#define PARLEY_COMMAND_MESSAGE_MESSAGE_WRITE_H

#include "command/wait_store.h"

/* The text as it is stored, good until anybody else uses chat.scratch. NULL: it says nothing, which was answered. */
const struct buf *message_clean(const struct call *call, struct text text);
/* Appends the member client_id, if there is one, behind others. */
void message_encode_client_id(struct buf *b, const struct uid *client_id, bool has);
/* Answers that the append is done: {"room","seq","id","timestamp","duplicate"}. The room learns of its event. */
void message_answer(const struct wait *w, struct store_append *op);
/* The same for an append that changes a message, or why it cannot be done. forbidden: what is said to somebody who may not. */
void message_answer_change(const struct wait *w, struct store_append *op, const char *forbidden);

#endif
