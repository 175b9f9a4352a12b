/*
 * Asks the services of hooks: who types a hook's command in its room, or says something there that begins with one of its words, has its service asked, and the room or the asker
 * alone is told the answer.
 *
 *   command.run, or a message that is durable → STORE_ASK_OPEN → POST (ask_form.h), signed (webhook/webhook_sender.h)
 *       → the reply (ask_reply.h), at most ASK_TIMEOUT_MS later → a message of the hook, or message.ephemeral (ask_answer.h)
 *   POST /hooks/answer/TOKEN, within half an hour and at any instance → the same
 *
 * Nobody waits for a service. What is being asked is bounded, and beyond that the asker alone is told so. The instance that took the message asks, once, and tries nothing twice:
 * when it ends meanwhile, nobody is told. The sender is not the one of outgoing webhooks, so that no delivery takes the place of a question; a server that asks nobody has none.
 *
 * Loops: what a hook posts asks nobody, unless a hook wants to hear hooks, and never itself. What more than ASK_HOPS_MAX hooks' posts led to asks nobody at all (op_ask.h).
 *
 * Loop thread only.
 */
#ifndef PARLEY_ASK_ASK_H
#define PARLEY_ASK_ASK_H

#include "chat/chat.h"
#include "webhook/webhook_address.h"

enum {
	ASKS_OPEN_MAX = 256,     /* questions at once */
	ASKS_OF_HOOK_MAX = 16,   /* of them to one service */
	ASKS_OF_MESSAGE_MAX = 5, /* services that one message asks */
	ASK_HOPS_MAX = 3,
	ASK_TIMEOUT_MS = 3000,
};

struct asks;

/* The chat asks from now on. What the policy points at stays the caller's. */
struct asks *asks_open(struct chat *c, struct webhook_policy policy);
/* Where this server is reached, "https://chat.example.org": later answers go there. Without it services are told of no address for them. */
void asks_set_base(struct asks *a, const char *url);
/* Nothing is asked any more, and what is being asked comes to nothing. What waits for the store comes back, so destroy it when the store is closed. Accepts NULL. */
void asks_end(struct asks *a);
void asks_destroy(struct asks *a); /* accepts NULL */

#endif
