/*
 * The body of a question: the form that Slack and Mattermost send, application/x-www-form-urlencoded ("Slash commands" and "Outgoing webhooks" of both).
 *
 * `token` is the hook's id, which is no secret: receivers of Slack's want one that stays the same. The signature tells who asks.
 */
#ifndef PARLEY_ASK_ASK_FORM_H
#define PARLEY_ASK_ASK_FORM_H

#include "ask/ask_state.h"

/* Appends it to ask->body. */
void ask_form_make(struct ask *ask, int64_t now_ms);

#endif
