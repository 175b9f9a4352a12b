/*
 * What the files of chat/ share: the chat itself, its users, members and sessions. Rooms and readers are in room/room_state.h.
 *
 *   room 1─* reader *─1 follower 1─1 session *─1 user 1─* member *─1 room
 *
 * A member is a user in a room (lasting; role and read mark). A reader is a session's follower in a room (its place in the log).
 * Rooms and users stay in memory while something holds them (members, readers, operations under way) and a while longer.
 * Everything here belongs to the loop thread.
 */
#ifndef PARLEY_CHAT_CHAT_STATE_H
#define PARLEY_CHAT_CHAT_STATE_H

#include "base/bucket.h"
#include "base/id_map.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/worker.h"
#include "chat/chat.h"
#include "codec/reply_encode.h"
#include "room/room_state.h"

#include <string.h>

struct across;
struct asker;
struct follow;
struct rate_table;
struct server_log;
struct user_news;
struct told;

/* How many lines an address or account may still have in the log (command/trail.h). Zeroed: all of them. */
struct trail_budget {
	struct bucket lines;
	uint64_t n_unlogged; /* since the last line */
};

/* owner_link.h */
struct owner_link {
	char code[SECRET_TOKEN_CHARS + 1]; /* "": there is an owner */
	uint8_t hash[SECRET_HASH_BYTES];   /* of the code */
	bool is_stored;                    /* other instances know it */
	bool asking;
	struct store_owner_link op;
};

struct session_slot {
	struct session *session; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct probe_result {      /* of the last probe */
	uint64_t until_ms; /* the result is told until then; 0: there is none */
	bool ok;
	const char *what; /* static */
};

/* Hands on to other instances what happened here, before it takes effect here. */
struct chat_outgoing {
	void (*event)(void *arg, const struct event *e);     /* was committed here; NULL: handed to nobody */
	void (*notices)(void *arg, const struct told *told); /* there is at least one */
	void *arg;
};

enum { CHANGE_SLOTS = 256 };

/* Who wants to know what happens here. Its owner is the one who appends it, once there is a need. */
struct chat_watcher {
	struct list in_chat; /* chat.watchers */
	const struct chat_watcher_methods {
		void (*applied)(struct chat_watcher *w, const struct room *r); /* an event has left the feed of this room */
		void (*server_event)(struct chat_watcher *w);                  /* this instance committed a server-wide event */
		void (*turn)(struct chat_watcher *w);                          /* at the end of each turn */
		void (*second)(struct chat_watcher *w);                        /* once a second */
		void (*leaving)(struct chat_watcher *w);                       /* the server takes no more work */
		void (*destroy)(struct chat_watcher *w);                       /* the chat ends */
	} * methods;
};

/* Work that is too long for one turn. All such work takes turns, before the replies go out. Its owner is the one who appends it; it leaves the list when it ends. */
struct chat_slice {
	struct list in_chat;                 /* chat.slices */
	bool (*go_on)(struct chat_slice *s); /* false: it has ended, and may be freed already */
	void (*drop)(struct chat_slice *s);  /* the chat ends: the work does not go on */
};

/* What a session's command keeps while it waits. The session lets go of it when it ends. */
struct session_call {
	void (*drop)(struct session_call *call);
	void (*writable)(struct session_call *call); /* the connection of a stream takes more; NULL: nobody waits for that */
};

struct chat {
	struct loop *loop;
	struct store *store;               /* or &no_store */
	struct store no_store;             /* refuses everything, once the store is gone */
	char epoch[STORE_EPOCH_BYTES + 1]; /* the store's epoch that memory belongs to */
	struct owner_link owner_link;
	struct metrics *metrics;
	struct rooms rooms;
	struct chat_config config;
	struct worker_pool *hashers; /* passwords */
	struct id_map users;         /* by number */
	struct list telling;         /* user_news.in_chat: accounts whose sessions are being told something */
	struct list watchers;        /* chat_watcher.in_chat; empty: nobody wants to know */
	bool is_leaving;             /* the server takes no more work */
	struct list slices;          /* chat_slice.in_chat: work that is done a slice a turn */
	struct list idle_users;      /* user.in_idle, longest idle first */
	struct session_slot *slots;
	uint32_t n_slots, free_slot; /* free_slot == n_slots: none */
	struct rate_table *rates;
	struct loop_timer *housekeeping;
	struct list probes; /* probe.in_chat */
	struct probe_result probed;
	uint64_t guests_end_ms;            /* when to look for guests without a token next */
	bool guests_ending;                /* the store is asked for them now */
	uint64_t lag_ms;                   /* when to ask how far consumers are behind */
	bool lag_asking;                   /* the store is asked now */
	struct room *probe_room;           /* nobody sees it; /readyz publishes there */
	size_t n_pending;                  /* operations under way, except those of the rooms */
	uint32_t n_entered;                /* sessions that signed in so far; wraps */
	uint64_t n_unloads;                /* users that left memory (chat_n_unloads()) */
	uint64_t n_changes;                /* counts deletions of tokens and changes to users and rooms that are not in memory */
	uint64_t changed_at[CHANGE_SLOTS]; /* [user number % CHANGE_SLOTS]: n_changes after the last change; an older reading is stale */
	uint64_t room_changed_at[CHANGE_SLOTS]; /* [last byte of the room's id]: the same for rooms */
	struct list stale_users;                /* user.in_stale: users that the store is to be asked for again (user_refresh.h) */
	uint32_t n_refreshing;                  /* users that the store is being asked for */
	struct follow *follow;                  /* finds what other writers committed in the rooms that are followed */
	struct server_log *server_log;          /* finds what they did besides */
	struct across *across;                  /* what goes to other instances at once; NULL: there is no bus */
	struct chat_outgoing outgoing;
	struct asker *asker; /* asks the services of hooks; NULL: nobody does */
	struct buf scratch;  /* for building one message; emptied by its user */
};

struct user {
	struct chat *chat;
	struct uid id;
	uint64_t no;
	enum user_kind kind;
	enum user_role role;
	uint32_t n_holds; /* sessions and operations under way */
	uint32_t n_members;
	uint32_t n_claims; /* rooms that are being joined or made */
	uint32_t n_sessions;
	uint32_t n_told;        /* counts news for its sessions: work over several turns compares it, to see whether its result is stale */
	struct list members;    /* member.in_user, those in private rooms first */
	struct id_map *rooms;   /* members by the room's id; NULL while they are few */
	struct list sessions;   /* session.in_user, as they entered */
	struct list in_stale;   /* chat.stale_users */
	bool is_refreshing;     /* the store is being asked for it again */
	bool is_void;           /* belongs to an epoch that is over: nobody finds it, and nothing is asked for it */
	struct user_news *news; /* news that its sessions are being told; mostly NULL */
	struct bucket requests, rooms_made;
	struct trail_budget trail; /* for its sign-ins with a token */
	struct list in_idle;       /* chat.idle_users, while n_holds == 0 */
	uint64_t idle_since_ms;
	char name[]; /* NUL-terminated */
};

struct member {
	struct user *user;
	struct room *room;
	struct list in_user; /* user.members */
	struct list readers; /* reader.in_group: the readers of the user's sessions */
	enum member_role role;
	bool is_found; /* found in the store's answer (user_refresh.c) */
	/* Not 0: the member gets no later event. Either the id of the session whose leave is under way, which learns of it from its reply; or MEMBER_LEFT_ELSEWHERE,
	 * when the event that ends the membership waits for others before it. */
	uint64_t leaving;
	uint64_t known_seq; /* the room's seq when the store told this: events up to it are contained */
	uint64_t read_seq, read_messages;
};

#define MEMBER_LEFT_ELSEWHERE UINT64_MAX

struct session {
	struct chat *chat;
	struct follower follower;  /* its place in rooms, and its connection */
	uint64_t id;               /* slot and generation: what crosses a wait */
	struct user *user;         /* NULL until signed in */
	struct list in_user;       /* user.sessions */
	struct session_call *call; /* keeps what an HTTP request or stream waits with; NULL for a WebSocket */
	char *token;               /* came with the connection; NULL once it was used */
	struct bucket requests;
	uint8_t token_hash[SECRET_HASH_BYTES];
	enum token_kind token_kind : 8;
	bool has_token_hash : 1, operator_socket : 1, token_is_cookie : 1, token_may_be_anothers : 1;
	bool is_damaged : 1; /* the stored data of its user or of that user's rooms is damaged */
	union {
		uint32_t n_unsigned_bytes; /* until it is signed in: what came so far, at most UINT32_MAX */
		uint32_t n_entered;        /* from then on: chat.n_entered at the sign-in */
	};
	uint32_t retry_ms;            /* after a refused sign-in (WIRE_RATE_LIMITED) */
	uint32_t n_waiting;           /* its requests under way */
	uint32_t n_holding;           /* those of them during which it is not read from */
	uint64_t n_handing_out_bytes; /* of events that consumer.read is about to answer with */
};

/* Whether cursors of this epoch are valid here. */
static inline bool chat_epoch_is(const struct chat *c, struct text epoch)
{
	return epoch.n == STORE_EPOCH_BYTES && memcmp(epoch.s, c->epoch, STORE_EPOCH_BYTES) == 0;
}

static inline struct chat *chat_of_rooms(struct rooms *rooms)
{
	return list_entry(rooms, struct chat, rooms);
}

/* The session that contains this follower. */
static inline struct session *session_of(struct follower *f)
{
	return list_entry(f, struct session, follower);
}

/* How many times a room or user left memory. A snapshot of one that is not in memory may be stale when this changed since it was taken. */
static inline uint64_t chat_n_unloads(const struct chat *c)
{
	return c->n_unloads + c->rooms.n_unloads;
}

/* The stored data of this user has changed. */
static inline void user_has_changed(struct chat *c, uint64_t user_no)
{
	c->changed_at[user_no % CHANGE_SLOTS] = ++c->n_changes;
}

/* The stored data of this room has changed, and the room is not in memory. */
static inline void room_has_changed(struct chat *c, const struct uid *room)
{
	c->room_changed_at[room->b[sizeof(room->b) - 1] % CHANGE_SLOTS] = ++c->n_changes;
}

/* Whether a reading of this room, which is not in memory, may be stale. n_changes: chat.n_changes when the store was asked. */
static inline bool room_changed_since(const struct chat *c, const struct uid *room, uint64_t n_changes)
{
	return c->room_changed_at[room->b[sizeof(room->b) - 1] % CHANGE_SLOTS] > n_changes;
}

/* The stored data of all users may have changed. */
static inline void users_have_changed(struct chat *c)
{
	c->n_changes++;
	for (size_t i = 0; i < CHANGE_SLOTS; i++)
		c->changed_at[i] = c->n_changes;
}

/* probe.c: frees the probes that are not answered yet, without answering. */
void probe_drop_all(struct chat *c);

#endif
