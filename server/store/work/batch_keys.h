/*
 * What a batch changed, by key: an operation that looked at such a key before it was changed has to look again (db.h, looks_ahead). A key is kept
 * as a hash. Two keys with one hash end a batch early and do no harm.
 */
#ifndef PARLEY_STORE_WORK_BATCH_KEYS_H
#define PARLEY_STORE_WORK_BATCH_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum batch_key {
	KEY_MEMBER = 1,    /* one membership, by user and room */
	KEY_MEMBERSHIPS,   /* how many rooms a user is in, by number */
	KEY_PRIVATE_ROOMS, /* which private rooms a user is in, by number */
	KEY_MEMBERS,       /* of a room, by number */
	KEY_ROOM,          /* name, topic and the like of a room, by number */
	KEY_ROOM_NAME,     /* by its folded form */
	KEY_ROOM_SKELETON,
	KEY_ACCOUNT, /* password, role and tokens of a user, by number */
	KEY_NAME,    /* of a user, by its folded form */
	KEY_SKELETON,
	KEY_USER_ID,
	KEY_TOKEN,         /* by its hash */
	KEY_OWNER,         /* whether the server has one */
	KEY_CLIENT_ID,     /* by author and id */
	KEY_HOOK,          /* by the id of its account */
	KEY_HOOKS,         /* how many a room has, by number */
	KEY_SUBSCRIPTION,  /* one, with its cursors and exceptions, by number */
	KEY_SUBSCRIPTIONS, /* which ones an account has, by number */
	KEY_SUBSCRIBER,    /* the fences of all that an account has, by number */
	KEY_CHANGE,        /* the newest change of a message, by room and seq */
};

enum { BATCH_KEYS_SLOTS = 8192, BATCH_KEYS_MAX = BATCH_KEYS_SLOTS / 2 };

struct batch_keys {                       /* zeroed: none */
	uint64_t slots[BATCH_KEYS_SLOTS]; /* open addressing; 0: empty */
	uint16_t used[BATCH_KEYS_MAX];
	size_t n_used;
};

void batch_keys_add(struct batch_keys *keys, enum batch_key kind, const void *key, size_t n);
/* True as well when there are as many as are kept. */
bool batch_keys_has(const struct batch_keys *keys, enum batch_key kind, const void *key, size_t n);
void batch_keys_forget(struct batch_keys *keys);

#endif
