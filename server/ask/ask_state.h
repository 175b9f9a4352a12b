/* What the files of ask/ share. Loop thread only. */
#ifndef PARLEY_ASK_ASK_STATE_H
#define PARLEY_ASK_ASK_STATE_H

#include "ask/ask.h"
#include "base/id_map.h"
#include "base/list.h"
#include "chat/across.h"
#include "chat/asker.h"
#include "chat/chat_state.h"
#include "webhook/webhook_sender.h"

struct asks {
	struct asker asker; /* first: the chat has it */
	struct chat *chat;
	struct webhook_policy policy;
	struct webhook_sender *sender; /* NULL: nothing was asked yet */
	bool is_ended;                 /* nothing is asked any more */
	char *base_url;                /* NULL: none */
	struct list open;              /* ask.link */
	uint32_t n_open;
	struct id_map rooms_by_no; /* ask_words.c */
	struct list rooms;         /* ask_room.link, longest known first */
};

/* A question, from the moment when it is asked until it is answered. Owned by asks.open. */
struct ask {
	struct list link;
	struct asks *asks;
	struct store_ask_open open;
	char epoch[STORE_EPOCH_BYTES + 1];
	struct across_place at;
	struct store_user hook, asker;
	char *command, *word; /* one of them is NULL */
	struct buf text;
	struct uid id, message_id; /* message_id: of one that begins with the word */
	uint64_t hops;
	char token[SECRET_TOKEN_CHARS + 1];
	struct buf body;
	struct webhook_endpoint *endpoint;
};

static inline struct asks *asks_of(struct asker *a)
{
	return list_entry(a, struct asks, asker);
}

/* Gives a question away: fills what the caller leaves out, and asks. False: too much is being asked; it is freed. */
bool ask_begin(struct ask *ask);
/* A zeroed one, with copies. */
struct ask *ask_new(struct asks *a, const struct across_place *at, const struct store_user *hook, const struct store_user *asker);

/* ask_words.c: a message is durable. */
void ask_words_heard(struct asker *a, const struct event *e, uint64_t hops);
void ask_words_changed(struct asker *a, uint64_t room_no);
/* No operation may be under way. */
void ask_words_finish(struct asks *a);

#endif
