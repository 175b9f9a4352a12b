/*
 * chat.postMessage, chat.update and chat.delete, for tools that speak Slack's Web API with a token: their request as one of ours, and the answer to that in Slack's words.
 * Pure.
 *
 * A message's `ts` is "SECONDS.SEQ", the time and the place of the message in its room, so it names the message again.
 */
#ifndef PARLEY_HOOK_SLACK_API_H
#define PARLEY_HOOK_SLACK_API_H

#include "codec/buf.h"
#include "codec/limits.h"
#include "codec/request_decode.h"

struct slack_method;

/* The method that a path names, which is a constant; NULL: none. */
const struct slack_method *slack_api_method(struct text path);

/* A call of a method. Zeroed but for the method, then filled by slack_api_read(). */
struct slack_call {
	const struct slack_method *method;
	enum command command; /* of ours, and its data */
	struct buf data;
	struct buf token; /* that the body names; empty: none */
	struct buf text;  /* what a message says now; empty: nothing new */
	struct buf ts;    /* of the message that is changed, as it was given; empty: none is */
};

/* NULL, or the word for what is wrong. */
const char *slack_api_read(struct slack_call *call, struct text content_type, struct text body, const struct limits *limits);
/* Appends the answer for a reply of ours. */
void slack_api_reply(const struct slack_call *call, struct text reply, struct buf *out);
void slack_api_refusal(const char *word, struct buf *out);
void slack_call_free(struct slack_call *call); /* accepts NULL */

#endif
