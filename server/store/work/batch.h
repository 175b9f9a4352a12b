/*
 * What the writer thread has at hand while it works on a batch of operations, which is one transaction (batch_run.h), and what the operations
 * share. Each operation that is a write is two functions in the file of its noun, with its SQL beside them:
 *
 * NOUN_look() asks what it needs to know (db_ask(), into op->asked, which the runner lets go of) and changes nothing.
 * NOUN_write() reads the answers, decides whether it can be done, and only then changes anything. A refusal (op->result) leaves no trace in the
 *   transaction that it shares with others. It returns DB_OK; or BATCH_LATER, before it changed anything; or a db_result below 0, which fails the whole
 *   transaction.
 *
 * With a driver that looks ahead all operations of a batch look before the first one writes. So an answer may be older than what an earlier operation
 * of the batch wrote. The rule: who changes a key says so (batch_wrote), who looked at it asks first (batch_is_stale), and if it is stale goes with the next
 * batch (BATCH_LATER), and so do all that come after it. With another driver no key is stale.
 *
 * An operation may ask while it writes as well: the answer is of that moment, but for the events, client_ids, counters and read marks of this batch, and costs a
 * driver that looks ahead a round trip.
 *
 * Belongs to the writer thread.
 */
#ifndef PARLEY_STORE_WORK_BATCH_H
#define PARLEY_STORE_WORK_BATCH_H

#include "store/db.h"
#include "store/store.h"
#include "store/work/batch_keys.h"
#include "store/work/damage.h"
#include "store/work/event_row.h"
#include "store/work/id_pool.h"
#include "store/work/read_marks.h"
#include "store/work/room_cache.h"
#include "store/work/skeleton.h"

enum { BATCH_MAX = 500, BATCH_LATER = 100 };

struct batch_kept;

struct batch {
	struct db *db;
	struct room_cache rooms;
	struct read_marks marks;
	struct batch_keys keys;
	struct buf json;             /* of the event being made */
	struct id_pool ids;          /* of events */
	struct skeletons *skeletons; /* NULL: no name was looked at yet */
	struct batch_kept *kept;     /* what the transaction's values point to */
	int64_t room_nos[BATCH_MAX]; /* to be locked: sorted, each once */
	size_t n_room_nos;
	struct db_answer *rooms_asked, *tops_asked; /* of room_nos; NULL: they are in the cache */
	int64_t account_nos[BATCH_MAX];             /* the same of accounts */
	int64_t subscription_nos[BATCH_MAX];        /* and of subscriptions */
	int64_t loser_nos[BATCH_MAX];               /* and of accounts whose subscriptions lose a room */
	struct db_answer *accounts_asked, *subscriptions_asked, *events_asked, *log_asked;
	uint64_t n_events, n_duplicates; /* of this transaction */
	uint64_t n_notices;              /* in the server's log since old ones were cleared away */
	struct damage *damage;
	/* The operation that fails the transaction is the only one that cannot be done, because of this; or it is a mark, which is left out when all go again. (After SQLite has met damage it takes no more
	 * writes in the same transaction.) */
	bool met_damage;
	struct damage_place failed;
	bool is_alone; /* what fails is this operation's; else it may be another one's of the batch that looked ahead */
};

void batch_init(struct batch *b, struct db *db, struct damage *damage);
void batch_finish(struct batch *b);

/* The runner's: a transaction begins; the rooms of these operations are locked, in the order of their numbers, before anything else is looked at (only where
 * others write too). */
void batch_begin(struct batch *b);
void batch_lock_rooms(struct batch *b, const struct list *ops);
/* The runner's: behind the rooms the accounts, in the same way: two transactions that lock the same ones do not wait for each other. What depends on an account is asked by a
 * statement behind this one: what a statement sees is of the moment when it began, though it waited for a lock. */
void batch_lock_accounts(struct batch *b, const struct list *ops);
/* The runner's: behind those the subscriptions, in the same way. */
void batch_lock_subscriptions(struct batch *b, const struct list *ops);
/* The runner's: the logs of the server, behind all that the operations look at, and so behind all that they wait for: whoever waits does not hold up all the others. */
void batch_lock_logs(struct batch *b, const struct list *ops);
/* batch_log.c: puts the server-wide event of an operation that is done into its log. */
int batch_write_server_event(struct batch *b, const struct store_op *op);
/* batch_log.c: puts the notices of an operation that is done into the server's log. */
int batch_write_notices(struct batch *b, struct store_op *op);
/* The runner's, where others write too: notices that are too old go, in pieces. Before batch_write_back(). */
int batch_clear_log(struct batch *b, int64_t now_ms);
/* The runner's: what the operations left in memory goes into the transaction, before the commit: the rooms' counters and the authors' marks. */
int batch_write_back(struct batch *b);
/* The runner's: the transaction is over. What it left in memory is true if it was committed and nobody else writes. */
void batch_end(struct batch *b, bool is_committed);

/* An earlier operation of this batch changed it after this one looked. */
static inline bool batch_is_stale(struct batch *b, enum batch_key kind, const void *key, size_t n)
{
	return b->db->looks_ahead && batch_keys_has(&b->keys, kind, key, n);
}
static inline bool batch_number_is_stale(struct batch *b, enum batch_key kind, uint64_t no)
{
	return batch_is_stale(b, kind, &no, sizeof no);
}
static inline bool batch_text_is_stale(struct batch *b, enum batch_key kind, struct text key)
{
	return batch_is_stale(b, kind, key.s, key.n);
}
static inline void batch_wrote(struct batch *b, enum batch_key kind, const void *key, size_t n)
{
	if (b->db->looks_ahead)
		batch_keys_add(&b->keys, kind, key, n);
}
static inline void batch_wrote_number(struct batch *b, enum batch_key kind, uint64_t no)
{
	batch_wrote(b, kind, &no, sizeof no);
}
/* A copy that lives until the transaction ends. */
struct text batch_keep(struct batch *b, const void *bytes, size_t n);
/* Takes the event over until then; NULL is nothing. */
void batch_keep_event(struct batch *b, struct event *e);
static inline void batch_wrote_text(struct batch *b, enum batch_key kind, struct text key)
{
	batch_wrote(b, kind, key.s, key.n);
}

/* What a name looks like, good until the transaction ends; s NULL of no name. */
struct text batch_skeleton(struct batch *b, struct text name);

/* The room to write to. *out NULL with op->result set: there is none, or its log is damaged. The pointer is good until the next call. */
int batch_room(struct batch *b, struct store_op *op, uint64_t room_no, struct room_counters **out);
/* A room that this transaction made, without events or members. */
int batch_new_room(struct batch *b, uint64_t room_no, const struct uid *id, struct room_counters **out);
/* Asks for the event at a seq of the room, and reads it, but for its JSON; op->result is set when it is damaged. */
struct db_answer *batch_ask_event(struct batch *b, uint64_t room_no, uint64_t seq);
int batch_event_at(struct batch *b, struct store_op *op, const struct room_counters *room, uint64_t seq, struct db_answer *asked,
		   struct event_row *out);
/* Whether the answer of a batch_ask_event() cannot know of the seq, since an earlier operation of this batch makes it. */
bool batch_event_is_new(const struct batch *b, const struct room_counters *room, uint64_t seq);

/* Gives back rc, what the database said to rows that only this operation is about (a membership, a token, a client_id, the account that becomes a
 * member): damage there is its own. Of other users, of rooms and of what the store says of itself it is everybody's. */
int batch_own(struct batch *b, int rc, const char *what);
/* What the operation looked at is damaged; rc is what the database said to it. The operation, or the whole transaction for a while, comes to nothing. */
int batch_met_damage(struct batch *b, struct store_op *op, int rc, const struct damage_place *place);
/* DB_OK when the answer has a row or *found is false; else the failure. */
int batch_finds(struct db_answer *answer, bool *found);

/* Gives the event its seq, encodes it once and stores those bytes: the one place where that happens. room is updated. */
struct batch_event {
	enum event_type type;
	uint64_t author_no, target_seq; /* 0: none */
	const struct buf *data;
	int64_t at_ms;
};
int batch_add_event(struct batch *b, struct room_counters *room, const struct batch_event *what, struct event **out);

/* write_user.c: makes an account; *no is its number. `number` is what batch_ask_account_number() gave. */
struct batch_account {
	const struct uid *id;
	enum user_kind kind;
	enum user_role role;
	struct text name, name_key, password_hash; /* password_hash.s NULL: none */
	uint64_t created_by_no;                    /* 0: nobody */
	int64_t created_ms;
};
struct db_answer *batch_ask_account_number(struct batch *b);
int batch_add_account(struct batch *b, struct db_answer *number, const struct batch_account *account, uint64_t *no);

/* write_member.c: adds a member who has read what there is; the caller counts it. */
int batch_add_member(struct batch *b, const struct room_counters *room, enum room_kind kind, uint64_t user_no, enum member_role role);
/* write_member.c: ends the membership that op names, which is there, and passes the room on to the heir (no 0: to nobody); fills op's events. */
int batch_end_membership(struct batch *b, struct room_counters *room, const struct store_user *heir, struct store_leave *op);
/* write_member.c: asks at once; *role is set of a member. */
int batch_is_member(struct batch *b, uint64_t user_no, uint64_t room_no, bool *is, enum member_role *role);
/* write_member.c: who becomes the owner when an owner leaves; finish *heir. */
struct db_answer *batch_ask_heir(struct batch *b, uint64_t room_no, uint64_t leaver_no);
int batch_find_heir(struct batch *b, struct db_answer *asked, enum member_role role, struct store_user *heir);
/* write_member.c: whether the user, whose account is locked, can become a member of anything: nobody can be a guest whose token is gone any more. No user has the number 0. */
struct db_answer *batch_ask_can_be(struct batch *b, uint64_t user_no);
int batch_can_be(struct batch *b, struct db_answer *asked, bool *can);
/* write_member.c: whether the user is in `most` rooms or more; 0: any number, NULL is asked. */
struct db_answer *batch_ask_most_rooms(struct batch *b, uint64_t user_no, uint64_t most);
int batch_has_most_rooms(struct batch *b, struct db_answer *asked, uint64_t user_no, uint64_t most, bool *has);
/* write_subscription.c: asks for a subscription, which is locked (batch_lock_subscriptions()); its fence is the first column. */
struct db_answer *batch_ask_subscription(struct batch *b, uint64_t subscription_no);
/* The same, found by whoever is going to change it; op->result is set when it is not there. */
int batch_find_subscription(struct batch *b, struct store_op *op, uint64_t subscription_no, struct db_answer *asked);
/* write_subscription.c: the user is no member of the room any more: neither are the user's subscriptions. */
int batch_lose_subscribed_room(struct batch *b, uint64_t user_no, uint64_t room_no);
/* write_subscription.c: the user owns the server from now on: the user's subscriptions begin at the end of server-wide events, where they did not read them before. */
int batch_gain_server_events(struct batch *b, uint64_t user_no);
/* write_room.c: the room as it is within this transaction; its counters may move on until it is answered. */
struct db_answer *batch_ask_room(struct batch *b, uint64_t room_no);
int batch_describe_room(struct db_answer *asked, const struct room_counters *room, struct store_room *out);
void batch_count_room(const struct room_counters *room, struct store_room *out);

/* NOUN_look() and NOUN_write(), for each operation that is a write. */
#define PROTOTYPE_WRITE(noun) \
	void noun##_look(struct batch *b, struct store_##noun *op); \
	int noun##_write(struct batch *b, struct store_##noun *op);
#define PROTOTYPE_READ(noun)
#define PROTOTYPE_SLOW_READ(noun)
#define X(KIND, noun, how, owns, room) PROTOTYPE_##how(noun)
STORE_OP_TABLE(X)
#undef X
#undef PROTOTYPE_WRITE
#undef PROTOTYPE_READ
#undef PROTOTYPE_SLOW_READ

/* Those of an operation of any kind of writing; the write sets op->result, and puts into the server's logs what belongs there. */
void batch_look(struct batch *b, struct store_op *op);
int batch_write(struct batch *b, struct store_op *op);
/* Lets go of what it asked. */
void batch_let_go(struct store_op *op);

#endif
