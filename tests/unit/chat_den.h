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
	d->ann = fake_store_add_user(f->store, "ann", USER_PERSON);
	d->bob = fake_store_add_user(f->store, "bob", USER_PERSON);
	d->room = fake_store_add_room(f->store, "den", ROOM_PUBLIC, d->ann);
	fake_store_add_token(f->store, d->ann, TOKEN_SESSION, "a", d->ann_token);
	fake_store_add_token(f->store, d->bob, TOKEN_SESSION, "a", d->bob_token);
}

/* One message by ann, committed and let out, while other operations stay where they are. */
static inline void commit_one(struct den *d)
{
	say(d->writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	struct store_op *op = fake_store_find(d->f.store, STORE_APPEND);
	assert_non_null(op);
	fake_store_deliver(d->f.store, op);
}

static inline uint64_t last_seq(const struct den *d)
{
	return d->f.store->rooms[d->room - 1].n_log;
}

#endif
