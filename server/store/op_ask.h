/*
 * The operations about asking the service of a hook, and about its later answers. store_op.h tells what holds for all operations.
 *
 * What is asked has a token of its own. Who knows it answers, STORE_ASK_REPLIES times within STORE_ASK_REPLY_MS, at any instance.
 *
 * Hops: how many hooks' posts led to something. What a person or a bot says has none. A hook that was asked within STORE_ASK_HOPS_MS, and posts, is taken to answer: its
 * post has one more than what it was asked with.
 */
#ifndef PARLEY_STORE_OP_ASK_H
#define PARLEY_STORE_OP_ASK_H

#include "store/store_op.h"

#include <string.h>

enum { STORE_ASK_REPLIES = 5, STORE_ASK_REPLY_MS = 30 * 60 * 1000, STORE_ASK_HOPS_MS = 5 * 60 * 1000 };

/* STORE_ASK_OPEN: a hook's service is about to be asked. -ENOENT: the room has no such hook, or it asks nobody. */
struct store_ask_open {
	struct store_op op;
	uint64_t account_no, room_no; /* of the hook */
	uint64_t asker_no, hops;
	uint8_t token_hash[SECRET_HASH_BYTES];
	/* out */
	char *url, *secret, *room_name;
	char *headers, *ca; /* NULL: none */
};
STORE_OP(ask_open, WRITE, OWNS, NO_ROOM);
static inline void store_ask_open_finish(struct store_ask_open *op)
{
	if (op->secret)
		secret_wipe(op->secret, strlen(op->secret));
	free(op->url);
	free(op->secret);
	free(op->room_name);
	free(op->headers);
	free(op->ca);
	op->url = op->secret = op->room_name = op->headers = op->ca = NULL;
}

/* STORE_ASK_REPLY: takes one of the answers that a token is good for. -ENOENT: it is good for none, or not any more. -EDQUOT: all were taken. */
struct store_ask_reply {
	struct store_op op;
	uint8_t token_hash[SECRET_HASH_BYTES];
	/* out */
	struct store_user hook;
	struct store_room room; /* without its counters */
	uint64_t asker_no, hops;
	enum user_kind asker_kind;
	char *command; /* NULL: it has none */
};
STORE_OP(ask_reply, WRITE, OWNS, NO_ROOM);
static inline void store_ask_reply_finish(struct store_ask_reply *op)
{
	store_user_finish(&op->hook);
	store_room_finish(&op->room);
	free(op->command);
	op->command = NULL;
}

#endif
