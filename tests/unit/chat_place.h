/* A chat with a public room "den" of ann with bob in it, and a private one, "cellar", with ann alone; eve is in no room. */
#ifndef PARLEY_TESTS_CHAT_PLACE_H
#define PARLEY_TESTS_CHAT_PLACE_H

#include "chat_fixture.h"

struct place {
	struct chat_fixture f;
	uint64_t ann, bob, eve, den, cellar;
	char ann_token[80], bob_token[80], eve_token[80];
};

static inline void place_setup(struct place *p)
{
	struct chat_fixture *f = &p->f;
	fixture_init(f);
	p->ann = fixture_person(f, "ann", p->ann_token);
	p->bob = fixture_person(f, "bob", p->bob_token);
	p->eve = fixture_person(f, "eve", p->eve_token);
	p->den = held_store_add_room(f->store, "den", ROOM_PUBLIC, p->ann);
	p->cellar = held_store_add_room(f->store, "cellar", ROOM_PRIVATE, p->ann);
	held_store_add_member(f->store, p->den, p->bob);
}

static inline void ask(struct place *p, struct conn *c, const char *frame)
{
	say(c, "%s", frame);
	fixture_run(&p->f, -1);
}

#endif
