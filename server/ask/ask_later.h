/*
 * An answer that comes later, to the address that the service was told (response_url): from its bytes to the room or the asker. Loop thread only.
 */
#ifndef PARLEY_ASK_ASK_LATER_H
#define PARLEY_ASK_ASK_LATER_H

#include "chat/chat.h"
#include "hook/hook_request.h"

/* Takes the request over. The reply to it comes through conn_append_text(), now or later: `ok`, or a word of Slack's. */
void ask_later_take(struct session *s, struct hook_request *r);

#endif
