/* A chat with one room, "den", of ann, who writes; bob, who is watched, is not in it yet. */
#ifndef PARLEY_TESTS_CHAT_DEN_H
#define PARLEY_TESTS_CHAT_DEN_H

#include "chat_fixture.h"

struct den {
	struct chat_fixture f;
	uint64_t ann, bob, room;
	char ann_token[80], bob_token[80];
	struct conn *writer;
};

static inline void den_setup(struct den *d)
{
	struct chat_fixture *f = &d->f;
	fixture_init(f);
	d->ann = fixture_person(f, "ann", d->ann_token);
	d->bob = fixture_person(f, "bob", d->bob_token);
	d->room = held_store_add_room(f->store, "den", ROOM_PUBLIC, d->ann);
}

static inline void commit_one(struct den *d)
{
	fixture_commit_message(&d->f, d->writer, "den");
}

static inline uint64_t last_seq(const struct den *d)
{
	return held_store_last_seq(d->f.store, d->room);
}

#endif
