/* A chat with rooms "r1" to "r3" of ann, who writes, and bob in all of them, who is watched. */
#ifndef PARLEY_TESTS_CHAT_HOUSE_H
#define PARLEY_TESTS_CHAT_HOUSE_H

#include "chat/follow.h"
#include "chat_fixture.h"

#include <stdio.h>

enum { ROOMS = 3 };

struct house {
	struct chat_fixture f;
	uint64_t ann, bob, rooms[ROOMS];
	char ann_token[80], bob_token[80];
	struct conn *writer;
};

static inline void house_setup(struct house *h, size_t n_messages)
{
	struct chat_fixture *f = &h->f;
	fixture_init(f);
	h->ann = fixture_person(f, "ann", h->ann_token);
	h->bob = fixture_person(f, "bob", h->bob_token);
	for (int i = 0; i < ROOMS; i++) {
		char name[16];
		snprintf(name, sizeof(name), "r%d", i + 1);
		h->rooms[i] = held_store_add_room(f->store, name, ROOM_PUBLIC, h->ann);
		held_store_add_member(f->store, h->rooms[i], h->bob);
		held_store_add_messages(f->store, h->rooms[i], h->ann, n_messages);
	}
}

static inline void house_start(struct house *h)
{
	fixture_start(&h->f);
	h->writer = fixture_signed_in(&h->f, h->ann_token);
}

static inline uint64_t last_seq(const struct house *h, int room)
{
	return held_store_last_seq(h->f.store, h->rooms[room]);
}

/* How many rooms the store is asked for in the next asking of follow.c: the server's own log is always one of them. */
static inline size_t n_rooms_asked_for(struct house *h)
{
	fixture_run(&h->f, -1);
	fixture_pass_ms(&h->f, FOLLOW_EVERY_MS + FOLLOW_VARY_MS);
	struct store_op *op = held_store_find(h->f.store, STORE_ROOM_TOPS);
	size_t n = op ? list_entry(op, struct store_room_tops, op)->n_rooms : 0;
	fixture_run(&h->f, -1);
	return n;
}

static inline void send_one(struct house *h, int room)
{
	char name[16];
	snprintf(name, sizeof(name), "r%d", room + 1);
	fixture_commit_message(&h->f, h->writer, name);
}

static inline void send_many(struct house *h, int room, int n)
{
	for (int i = 0; i < n; i++) {
		send_one(h, room);
		if (i % 4 == 0) /* a reader that keeps up stays in the ring */
			fixture_turn(&h->f);
	}
	fixture_turns(&h->f);
	json_array_clear(h->writer->heard);
}

#endif
