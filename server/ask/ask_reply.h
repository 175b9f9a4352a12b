/*
 * What a service answers: JSON as Slack's incoming webhooks take it, with `response_type`, or plain text. Pure.
 *
 * The first answer to a command, and every later one, is for the asker alone unless it says "in_channel"; the first answer to a word is for the room unless it says "ephemeral".
 * So do Slack and Mattermost. What would replace or delete an earlier answer is taken for an answer of its own, or for none.
 */
#ifndef PARLEY_ASK_ASK_REPLY_H
#define PARLEY_ASK_ASK_REPLY_H

#include "hook/adapter.h"

enum ask_reply {
	ASK_REPLY_NOTHING,  /* it is good, and there is nothing to say */
	ASK_REPLY_SAYS,     /* *said has a text */
	ASK_REPLY_NO_SENSE, /* it is neither */
};

/* *is_for_room has the usual before. *said is zeroed before; hook_post_finish() it in any case. */
enum ask_reply ask_reply_read(struct text body, bool *is_for_room, struct hook_post *said);

#endif
