/*
 * What the files of room/ share with those who use the engine: rooms in memory, their readers, and who follows them. The user of the engine embeds a struct rooms,
 * and a struct follower in each of its sessions.
 *
 *   room 1─* reader *─1 follower
 *
 * A reader is a follower's place in a room's log. Rooms stay in memory while something holds them (readers, members, operations under way) and a while longer.
 * Everything here belongs to the loop thread.
 */
#ifndef PARLEY_ROOM_ROOM_STATE_H
#define PARLEY_ROOM_ROOM_STATE_H

#include "base/id_map.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "codec/request_decode.h"
#include "room/conn_port.h"
#include "room/room_feed.h"
#include "room/room_tail.h"
#include "store/store.h"

struct room;

struct rooms_config {
	uint32_t sweep_slice;     /* readers written to per slice (0: default) */
	uint32_t sweep_rest;      /* at most, in percent of what a pass costs; 0: none */
	uint32_t write_bytes;     /* most bytes in one write (0: default 65536) */
	uint32_t room_tail_bytes; /* most bytes of recent frames kept per room, each twice (0: default 1 MiB) */
	uint32_t room_idle_ms;    /* an unused room leaves memory after this (0: default 5 min) */
	uint64_t resume_events;   /* a reader that is further behind goes on with the newest (0: no limit) */
};

struct rooms {
	struct loop *loop;
	struct store *store;
	struct metrics *metrics;
	const char *epoch; /* the store's; told to event streams */
	struct rooms_config config;
	/* The feed of a room has let this event out, and nothing else has happened since. Its readers will get it. */
	void (*applied)(struct room *r, const struct event *e);
	/* The feed goes on without events that are lost to damage. */
	void (*skipped)(struct room *r);
	struct id_map by_id;
	struct id_map by_name; /* public ones, by keyed hash of the name key */
	struct list sweeping;  /* room.in_sweep: rooms with news */
	struct list resting;   /* room.in_sweep: rooms with news whose pass rests until its next readers are due */
	struct loop_timer *rest_over;
	struct list long_tails;  /* room.in_long_tails, longest quiet first */
	struct list log_waiting; /* follower.in_log_wait: followers with readers behind that wait for their turn at the store */
	uint32_t n_log_pages;    /* pages that the store is asked for now, for readers */
	struct list idle;        /* room.in_idle, longest idle first */
	struct list holes;       /* room.in_holes: rooms whose missing events could not be asked for */
	struct list followed;    /* room.in_followed: rooms with readers */
	/* The room is followed from now on, or no more: it enters or leaves `followed`. NULL: nobody wants to know. */
	void (*follows)(struct room *r, bool is_followed);
	uint32_t patience_ms; /* not 0: a bus is whole, and a hole in a room that it tells of is given this time to fill by itself */
	struct list patient;  /* room.in_patient, the earliest patient_until_ms first */
	struct loop_timer *patience_over;
	size_t n_pending;          /* operations under way */
	uint64_t n_unloads;        /* rooms that left memory: a reading from before the last of them may be stale */
	struct buf scratch;        /* for building one frame; emptied by its user */
	struct buf stream_scratch; /* for writing to event streams */
};

struct room {
	struct rooms *rooms;
	struct uid id;
	uint64_t no;
	enum room_kind kind;
	char *name, *topic;
	uint8_t name_hash[16];
	uint64_t n_messages, n_members; /* as of feed.last_seq */
	int64_t created_ms;
	struct room_feed feed;
	struct room_tail tail;
	struct list in_long_tails; /* rooms.long_tails, while the tail is longer than the shortest */
	uint64_t tail_used_ms;     /* the last append, then */
	struct list readers;       /* reader.in_room */
	uint32_t n_readers;
	uint32_t follow_round;   /* the last round of questions for the rooms' newest seqs that asked for it; wraps */
	struct list in_followed; /* rooms.followed, while it has readers */
	bool is_heard;           /* a bus tells of its events */
	bool is_impatient;       /* the hole in its feed is fetched at once */
	struct list in_patient;  /* rooms.patient, while a hole in its feed may fill by itself */
	uint64_t patient_until_ms, patient_after_seq;
	uint32_t n_holds;     /* members in memory and operations under way */
	bool is_void;         /* belongs to an epoch that is over: nobody finds it, and nothing is asked for it */
	uint32_t n_updates;   /* updates under way: name and topic may change in a moment */
	struct list waiting;  /* room_wait.in_room */
	struct list in_holes; /* rooms.holes */
	struct list in_idle;  /* rooms.idle, while n_holds == 0 */
	uint64_t idle_since_ms;
	/* the sweep */
	struct list in_sweep;    /* rooms.sweeping or .resting */
	struct list *sweep_next; /* the next reader.in_room of the pass; NULL between passes */
	uint64_t pass_head;      /* the tail's head when the pass began */
	uint64_t pass_keep;      /* the tail's head when the pass before began: no reader that keeps up is further behind */
	uint64_t pass_started_ns;
	uint64_t pass_worked_ns; /* the time that serving took so far in this pass */
	uint64_t late_worked_ns; /* what the last late_writes writes cost; both are halved now and then, so that older writes count less */
	uint64_t late_writes;
	uint64_t pass_lasts_ns; /* how long the pass lasts; 0: it goes as fast as it can */
	uint32_t pass_writes, pass_visits;
	uint32_t pass_news; /* frames that came since the pass began */
	uint32_t demand;    /* percent of a processor that the room would take without joining events in writes */
	bool pass_had_news; /* there was more when the last pass ended */
	uint64_t n_passes;  /* finished passes */
};

/* One connection that reads rooms. */
struct follower {
	struct rooms *rooms;
	struct conn *conn;       /* NULL once closed */
	struct list readers;     /* reader.in_follower */
	struct list in_log_wait; /* rooms.log_waiting */
	struct reader *paging;   /* the reader whose page of the log is asked for or waits for the socket; at most one */
	enum transport transport : 8;
	enum on_gap on_gap : 8;
	bool starting : 1; /* its first reply comes before any event */
};

enum reader_place {
	READER_IN_TAIL, /* offset is its place in the room's ring */
	READER_IN_LOG,  /* behind the ring: reads on from the store */
};

struct reader {
	struct follower *follower;
	struct room *room;
	struct list in_room;       /* room.readers */
	struct list in_follower;   /* follower.readers */
	struct list in_group;      /* a list of readers that end together: a member's */
	uint64_t next_seq;         /* the first seq it was not given yet */
	uint64_t offset;           /* READER_IN_TAIL */
	struct log_read *log_read; /* READER_IN_LOG: the page that is asked for, or that came and waits for the socket */
	enum reader_place place;
};

#endif
