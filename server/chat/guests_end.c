#include "chat/guests_end.h"

#include "chat/apply.h"

#include <stdlib.h>

struct step {
	struct store_guests_end op; /* first: the store hands this back */
	struct chat *chat;
};

static void done(struct store_op *op)
{
	struct step *s = (struct step *)(void *)op;
	struct chat *c = s->chat;
	for (size_t i = 0; op->result == 0 && i < s->op.n_ended; i++)
		apply_left(c, &s->op.ended[i].leave);
	c->guests_ending = false;
	c->n_pending--;
	if (op->result != 0)
		c->guests_end_ms = loop_now_ms(c->loop) + GUESTS_END_AGAIN_MS;
	else if (s->op.more)
		guests_end_soon(c);
	store_guests_end_finish(&s->op);
	free(s);
}

void guests_end_step(struct chat *c)
{
	uint64_t now = loop_now_ms(c->loop);
	if (c->guests_ending || now < c->guests_end_ms)
		return;
	struct step *s = mem_new(struct step);
	s->op.op = (struct store_op){.kind = STORE_GUESTS_END, .done = done};
	s->op.most = GUESTS_END_MOST;
	s->chat = c;
	if (c->store->methods->submit(c->store, &s->op.op) != 0) {
		free(s); /* busy: tried with the next step */
		return;
	}
	c->guests_end_ms = now + GUESTS_END_EVERY_MS;
	c->guests_ending = true;
	c->n_pending++;
}
