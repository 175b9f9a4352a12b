/* A chat with a public room "den" of ann with bob in it, and a private one, "cellar", of ann alone; eve is in none. */
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
	p->ann = fake_store_add_user(f->store, "ann", USER_PERSON);
	p->bob = fake_store_add_user(f->store, "bob", USER_PERSON);
	p->eve = fake_store_add_user(f->store, "eve", USER_PERSON);
	p->den = fake_store_add_room(f->store, "den", ROOM_PUBLIC, p->ann);
	p->cellar = fake_store_add_room(f->store, "cellar", ROOM_PRIVATE, p->ann);
	fake_store_add_member(f->store, p->den, p->bob);
	fake_store_add_token(f->store, p->ann, TOKEN_SESSION, "a", p->ann_token);
	fake_store_add_token(f->store, p->bob, TOKEN_SESSION, "a", p->bob_token);
	fake_store_add_token(f->store, p->eve, TOKEN_SESSION, "a", p->eve_token);
}

static inline void ask(struct place *p, struct conn *c, const char *frame)
{
	say(c, "%s", frame);
	fixture_run(&p->f, -1);
}

#endif
