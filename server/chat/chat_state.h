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

struct follow;
struct rate_table;
struct server_log;
struct user_news;
struct user_notice;

/* How many lines there may be of an address or account (command/trail.h). Zeroed: all of them. */
struct trail_budget {
	struct bucket lines;
	uint64_t n_unlogged; /* since the last line */
};

struct session_slot {
	struct session *session; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct probe_result {      /* of the last probe */
	uint64_t until_ms; /* so long it is told to whoever asks; 0: there was none */
	bool ok;
	const char *what; /* static */
};

/* Where what happened here is handed on to other instances, before it has its effect here. */
struct chat_outgoing {
	void (*event)(void *arg, const struct event *e); /* was committed here; NULL: to nobody */
	void (*notice)(void *arg, const struct user_notice *n);
	void *arg;
};

enum { CHANGE_SLOTS = 256 };

/* Work that would be too long for a turn. All of them take turns, before the replies go out. Belongs to whoever appends it; out of the list when it ends. */
struct chat_slice {
	struct list in_chat;                 /* chat.slices */
	bool (*go_on)(struct chat_slice *s); /* false: it has ended, and may be freed already */
	void (*drop)(struct chat_slice *s);  /* it will not go on any more: the chat ends */
};

/* What a session's command keeps while it waits, and lets go of with the session. */
struct session_call {
	void (*drop)(struct session_call *call);
};

struct chat {
	struct loop *loop;
	struct store *store;                     /* or &no_store */
	struct store no_store;                   /* refuses everything: when the store is gone */
	char epoch[STORE_EPOCH_BYTES + 1];       /* the store's, copied when memory is of it */
	char owner_code[SECRET_TOKEN_CHARS + 1]; /* whoever knows it makes the account of the server's owner; "" once there is one */
	struct metrics *metrics;
	struct rooms rooms;
	struct chat_config config;
	struct worker_pool *hashers; /* passwords */
	struct id_map users;         /* by number */
	struct list telling;         /* user_news.in_chat: accounts whose sessions are being told something */
	struct list slices;          /* chat_slice.in_chat: work that is done a slice a turn */
	struct list idle_users;      /* user.in_idle, longest idle first */
	struct session_slot *slots;
	uint32_t n_slots, free_slot; /* free_slot == n_slots: none */
	struct rate_table *rates;
	struct loop_timer *housekeeping;
	struct list probes; /* probe.in_chat */
	struct probe_result probed;
	uint64_t guests_end_ms;  /* when guests without a token are looked for next */
	bool guests_ending;      /* they are, now */
	struct room *probe_room; /* nobody sees it; /readyz publishes there */
	size_t n_pending;        /* operations under way, but for those of the rooms */
	uint32_t n_entered;      /* sessions that signed in so far; wraps */
	uint64_t n_unloads;      /* users that left memory (chat_n_unloads()) */
	uint64_t n_changes;      /* times that tokens were deleted, or what the store has of a user or room that is not in memory changed */
	uint64_t changed_at
		[CHANGE_SLOTS]; /* [user number % CHANGE_SLOTS]: n_changes after the last of those: what was read before is stale */
	uint64_t room_changed_at[CHANGE_SLOTS]; /* [last byte of the room's id]: the same of rooms */
	struct list stale_users;                /* user.in_stale: the store is to be asked for them again (user_refresh.h) */
	uint32_t n_refreshing;                  /* users for whom it is being asked */
	struct follow *follow;                  /* what other writers committed in the rooms that are followed */
	struct server_log *server_log;          /* what they did beside that */
	struct chat_outgoing outgoing;
	struct buf scratch; /* for building one message; emptied by its user */
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
	uint32_t n_told;      /* counts what its sessions were to be told: what is made over some turns can tell whether it is still true */
	struct list members;  /* member.in_user, those in private rooms first */
	struct id_map *rooms; /* members by the room's id; NULL while they are few */
	struct list sessions; /* session.in_user, as they entered */
	struct list in_stale; /* chat.stale_users */
	bool is_refreshing;   /* the store is being asked for it again */
	bool is_void;         /* of an epoch that is over: nobody finds it, and nothing is asked for it */
	struct user_news *news; /* that its sessions are being told; NULL mostly */
	struct bucket requests, rooms_made;
	struct trail_budget trail; /* of its sign-ins with a token */
	struct list in_idle;       /* chat.idle_users, while n_holds == 0 */
	uint64_t idle_since_ms;
	char name[]; /* NUL-terminated */
};

struct member {
	struct user *user;
	struct room *room;
	struct list in_user; /* user.members */
	struct list readers; /* reader.in_group: of the user's sessions */
	enum member_role role;
	bool is_found; /* user_refresh.c */
	/* Not 0: what comes now is no member's any more. The id of the session whose leave is under way, and which knows from its reply; or MEMBER_LEFT_ELSEWHERE,
	 * when the event that ends the membership waits for others before it. */
	uint64_t leaving;
	uint64_t known_seq; /* the store said this when the room had come so far: earlier events are in it */
	uint64_t read_seq, read_messages;
};

#define MEMBER_LEFT_ELSEWHERE UINT64_MAX

struct session {
	struct chat *chat;
	struct follower follower;  /* its place in rooms, and its connection */
	uint64_t id;               /* slot and generation: what crosses a wait */
	struct user *user;         /* NULL until signed in */
	struct list in_user;       /* user.sessions */
	struct session_call *call; /* what an HTTP request or stream waits with; NULL for a WebSocket */
	char *token;               /* what came with the connection, until it was used */
	struct bucket requests;
	uint8_t token_hash[SECRET_HASH_BYTES];
	enum token_kind token_kind : 8;
	bool has_token_hash : 1, operator_socket : 1, token_is_cookie : 1, token_may_be_anothers : 1;
	bool is_damaged : 1; /* what is stored of its user or of his rooms */
	union {
		uint32_t n_unsigned_bytes; /* until it is signed in: what came so far, at most UINT32_MAX */
		uint32_t n_entered;        /* from then on: chat.n_entered, then */
	};
	uint32_t retry_ms;  /* after a refused signing in (WIRE_RATE_LIMITED) */
	uint32_t n_waiting; /* its requests under way */
	uint32_t n_pages;   /* those of them that are answered with a page */
};

/* Whether cursors of this epoch are good. */
static inline bool chat_epoch_is(const struct chat *c, struct text epoch)
{
	return epoch.n == STORE_EPOCH_BYTES && memcmp(epoch.s, c->epoch, STORE_EPOCH_BYTES) == 0;
}

static inline struct chat *chat_of_rooms(struct rooms *rooms)
{
	return list_entry(rooms, struct chat, rooms);
}

/* The session's reader belongs to. */
static inline struct session *session_of(struct follower *f)
{
	return list_entry(f, struct session, follower);
}

/* Times that a room or user left memory: of one who did, a snapshot taken before the last time may be stale. */
static inline uint64_t chat_n_unloads(const struct chat *c)
{
	return c->n_unloads + c->rooms.n_unloads;
}

/* What the store has of this user is not what it was. */
static inline void user_has_changed(struct chat *c, uint64_t user_no)
{
	c->changed_at[user_no % CHANGE_SLOTS] = ++c->n_changes;
}

/* What the store has of this room, which is not in memory, is not what it was. */
static inline void room_has_changed(struct chat *c, const struct uid *room)
{
	c->room_changed_at[room->b[sizeof(room->b) - 1] % CHANGE_SLOTS] = ++c->n_changes;
}

/* Whether what was read of this room, which is not in memory, may be older than that; n_changes: chat.n_changes, when the store was asked. */
static inline bool room_changed_since(const struct chat *c, const struct uid *room, uint64_t n_changes)
{
	return c->room_changed_at[room->b[sizeof(room->b) - 1] % CHANGE_SLOTS] > n_changes;
}

/* What the store has of all users is not what it was. */
static inline void users_have_changed(struct chat *c)
{
	c->n_changes++;
	for (size_t i = 0; i < CHANGE_SLOTS; i++)
		c->changed_at[i] = c->n_changes;
}

/* The server has an owner now. */
static inline void chat_forget_owner_code(struct chat *c)
{
	secret_wipe(c->owner_code, sizeof(c->owner_code));
}

/* probe.c: lets go of the probes that were not answered yet, without answering. */
void probe_drop_all(struct chat *c);

#endif
