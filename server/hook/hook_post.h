/*
 * A post to an incoming webhook, from its bytes to the message in the room. The answer is Slack's: `ok`, after the message is durable, or a word of Slack's for what is
 * wrong, with its status. Senders compare these bytes and send again until they are right.
 *
 * A post that a sender repeats under the same id (HOOK_WEBHOOK_ID and those behind it) becomes one message.
 *
 * A body that is larger than what anybody may send (limits.frame_bytes) is read only for a hook that exists, as often as the hook's rate allows, so that such bodies take
 * memory for nobody else. hook_admit() asks for that when the head has come. Whether the hook is still there is asked again when the body is.
 *
 * Loop thread.
 */
#ifndef PARLEY_HOOK_HOOK_POST_H
#define PARLEY_HOOK_HOOK_POST_H

#include "chat/chat.h"
#include "hook/adapter.h"
#include "hook/hook_request.h"

/* The mark of a message. */
#define HOOK_CUT_MARK "\n…"

/* The connection is not read from until it is known whether the body is let in (conn_hold_reading()). If not, a refusal is the answer. The request stays the caller's. */
void hook_admit(struct session *s, struct hook_request *r);
/* Takes the request over. The answer comes through conn_append_text(), now or later. */
void hook_take(struct session *s, struct hook_request *r);
/* Appends the data of a message of a hook: the event's JSON object. Cuts what is too long for a room. */
void hook_post_encode(struct buf *b, const struct store_user *author, struct hook_post *said, const struct limits *limits);
/* Cuts a text that is longer than most bytes, on a border between characters, with the mark at its end. */
void hook_post_cut(struct buf *text, uint64_t most, const char *mark);

#endif
