/*
 * The operations about incoming webhooks. store_op.h tells what holds for all operations.
 *
 * A hook is an account (USER_HOOK) with a room that it posts to. Its id, name, maker and age are the account's. Deleting the hook leaves the account, which wrote messages.
 */
#ifndef PARLEY_STORE_OP_HOOK_H
#define PARLEY_STORE_OP_HOOK_H

#include "store/store_op.h"

enum { STORE_HOOKS_LISTED_MAX = 500 };

/* The service that a hook asks, in the part that people see. */
struct store_hook_ask {
	char *url;                /* NULL: it asks nobody; of what is below only the command and the words may be NULL else */
	char *command, *words;    /* words: with a blank between two */
	char *hint, *description; /* "": none */
	bool hears_hooks;         /* posts of other hooks, too */
};

struct store_hook {
	struct store_user account;
	char *adapter;          /* by its name, what reads a body where the address names none */
	char *secret;           /* NULL: posts need no signature */
	char *template_text;    /* NULL: none */
	bool may_mention;       /* what it says of people reaches them */
	int64_t created_ms;     /* of the account */
	int64_t used_day;       /* days since 1970; 0: never */
	struct store_user made; /* by whom; no 0: nobody knows */
	struct store_hook_ask ask;
};

static inline void store_hook_finish(struct store_hook *h)
{
	store_user_finish(&h->account);
	store_user_finish(&h->made);
	free(h->adapter);
	free(h->secret);
	free(h->template_text);
	free(h->ask.url);
	free(h->ask.command);
	free(h->ask.words);
	free(h->ask.hint);
	free(h->ask.description);
	*h = (struct store_hook){0};
}

/* The service that a new hook asks. */
struct store_ask_given {
	struct text url, secret;                 /* s NULL, of both: it asks nobody */
	struct text command, words, headers, ca; /* s NULL: none; headers: a JSON object */
	struct text hint, description;
	bool hears_hooks;
};

/* STORE_HOOK_CREATE: a hook with its account. -ENOENT: no such room. -EDQUOT: the room has most_hooks (0: any number). -EEXIST: another hook of the room has its command. */
struct store_hook_create {
	struct store_op op;
	uint64_t room_no, created_by_no;
	struct uid id;
	struct text name, name_key;
	struct text adapter, secret, template_text; /* s NULL: none, of the last two */
	uint8_t token_hash[SECRET_HASH_BYTES];
	uint64_t most_hooks;
	struct store_ask_given ask;
	/* out */
	uint64_t account_no;
	int64_t created_ms;
};
STORE_OP(hook_create, WRITE, NOTHING, ROOM);

/* STORE_HOOK_ROTATE: another token; the one before is void. -ENOENT: there is no such hook, or user_no may not see its room. -EACCES: user_no owns neither the room nor the
 * server. */
struct store_hook_rotate {
	struct store_op op;
	uint64_t user_no; /* who asks */
	struct uid id;
	uint8_t token_hash[SECRET_HASH_BYTES];
};
STORE_OP(hook_rotate, WRITE, NOTHING, NO_ROOM);

/* STORE_HOOK_DELETE: its token is void. Refused as above. */
struct store_hook_delete {
	struct store_op op;
	uint64_t user_no; /* who asks */
	struct uid id;
};
STORE_OP(hook_delete, WRITE, NOTHING, NO_ROOM);

/* STORE_HOOK_LIST: the hooks of a room, the oldest first, STORE_HOOKS_LISTED_MAX at most. */
struct store_hook_list {
	struct store_op op;
	uint64_t room_no;
	bool that_ask; /* only those */
	/* out */
	struct store_hook *hooks;
	size_t n_hooks;
};
STORE_OP(hook_list, READ, OWNS, NO_ROOM);
static inline void store_hook_list_finish(struct store_hook_list *op)
{
	for (size_t i = 0; i < op->n_hooks; i++)
		store_hook_finish(&op->hooks[i]);
	free(op->hooks);
	op->hooks = NULL;
	op->n_hooks = 0;
}

/* STORE_HOOK_FIND: by the hash of its token. -ENOENT. Notes that it was used today. */
struct store_hook_find {
	struct store_op op;
	uint8_t token_hash[SECRET_HASH_BYTES];
	/* out */
	struct store_hook hook; /* without what it asks */
	struct store_room room;
	uint64_t hops; /* of what it posts now (op_ask.h) */
};
STORE_OP(hook_find, READ, OWNS, NO_ROOM);
static inline void store_hook_find_finish(struct store_hook_find *op)
{
	store_hook_finish(&op->hook);
	store_room_finish(&op->room);
}

#endif
