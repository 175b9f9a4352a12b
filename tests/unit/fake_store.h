/*
 * A store in memory for tests of chat/. Nothing happens by itself: an operation is first only submitted; the test then lets it be
 * worked on (fake_store_work: a write is committed, a read takes its snapshot) and brought back (fake_store_deliver: done() is
 * called), each when it likes, as a store with threads of its own may. Writes are worked on in the order of submission.
 */
#ifndef PARLEY_TESTS_FAKE_STORE_H
#define PARLEY_TESTS_FAKE_STORE_H

#include "store/store.h"

struct fake_member {
	uint64_t user_no;
	enum member_role role;
	uint64_t read_seq, read_messages;
};

struct fake_room {
	struct uid id;
	enum room_kind kind;
	char *name, *key, *topic;
	struct event **log; /* [seq - 1] */
	size_t n_log;
	uint64_t n_messages;
	struct fake_member *members;
	size_t n_members;
};

struct fake_user {
	struct uid id;
	enum user_kind kind;
	enum user_role role;
	char *name, *key, *password_hash;
	bool ended; /* a guest whose token is gone */
};

struct fake_token {
	uint8_t hash[SECRET_HASH_BYTES];
	uint64_t user_no; /* 0: deleted */
	enum token_kind kind;
};

struct fake_client_id {
	struct uid id;
	uint64_t author_no, room_no, seq;
};

struct fake_store {
	struct store base;
	struct list submitted;   /* store_op.link */
	struct list worked;      /* store_op.link */
	struct fake_room *rooms; /* [no - 1], as are the users */
	struct fake_user *users;
	struct fake_token *tokens;
	struct fake_client_id *client_ids;
	size_t n_rooms, n_users, n_tokens, n_client_ids;
	bool busy;                         /* submit() refuses */
	int refuses;                       /* not 0: what it refuses with */
	int fault;                         /* not 0: the result of whatever is worked on */
	uint64_t damaged_from, damaged_to; /* seqs of any room that cannot be read; 0: none */
	size_t n_submitted[STORE_OP_KINDS];
	size_t n_in_flight[STORE_OP_KINDS], most_in_flight[STORE_OP_KINDS];
	size_t largest_page_bytes; /* frames of one log page */
};

struct fake_store *fake_store_new(void);
void fake_store_free(struct fake_store *f); /* nothing may be in flight */

/* The oldest operation of this kind that is in flight, or NULL. */
struct store_op *fake_store_find(struct fake_store *f, enum store_op_kind kind);
void fake_store_work(struct fake_store *f, struct store_op *op);    /* was submitted; not yet worked on */
void fake_store_deliver(struct fake_store *f, struct store_op *op); /* works on it first where needed */
/* Works on and brings back everything that is in flight but operations of kind `except` (-1: none); true when there was any. */
bool fake_store_settle(struct fake_store *f, int except);
size_t fake_store_in_flight(const struct fake_store *f);
/* fake_store_tables.c: what the operation does; its result. */
int fake_store_execute(struct fake_store *f, struct store_op *op);

/* The database is set back: this room has its first n_log events again, this user (0: nobody) is in it no more, and it is another epoch. What is in flight is brought back
 * undone before. */
void fake_store_set_back(struct fake_store *f, uint64_t room_no, size_t n_log, uint64_t without_user_no);

/* What was there before the server started: */
uint64_t fake_store_add_user(struct fake_store *f, const char *name, enum user_kind kind);
uint64_t fake_store_add_room(struct fake_store *f, const char *name, enum room_kind kind, uint64_t owner_no);
void fake_store_add_member(struct fake_store *f, uint64_t room_no, uint64_t user_no);
void fake_store_add_messages(struct fake_store *f, uint64_t room_no, uint64_t author_no, size_t n);
/* A token for this user: "token-<user no>-<label>", written to out. */
void fake_store_add_token(struct fake_store *f, uint64_t user_no, enum token_kind kind, const char *label, char out[80]);

#endif
