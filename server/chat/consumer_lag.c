#include "chat/consumer_lag.h"

#include <stdlib.h>

struct step {
	struct store_subscription_lag op; /* first: the store hands this back */
	struct chat *chat;
};

static void done(struct store_op *op)
{
	struct step *s = (struct step *)(void *)op;
	struct chat *c = s->chat;
	if (op->result == 0) {
		c->metrics->consumer_lag_events = (int64_t)s->op.n_behind;
		c->metrics->consumer_lag_events_most = (int64_t)s->op.n_behind_most;
		c->metrics->consumer_lag_seconds = (int64_t)(s->op.oldest_age_ms / 1000);
	}
	c->lag_asking = false;
	c->n_pending--;
	free(s);
}

void consumer_lag_step(struct chat *c)
{
	uint64_t now = loop_now_ms(c->loop);
	if (c->lag_ms == 0)
		c->lag_ms = now + CONSUMER_LAG_EVERY_MS; /* nobody scrapes so soon */
	if (c->lag_asking || now < c->lag_ms || c->store->is_away)
		return;
	struct step *s = mem_new(struct step);
	s->op.op = (struct store_op){.kind = STORE_SUBSCRIPTION_LAG, .done = done};
	s->chat = c;
	if (c->store->methods->submit(c->store, &s->op.op) != 0) {
		free(s); /* busy: tried with the next step */
		return;
	}
	c->lag_ms = now + CONSUMER_LAG_EVERY_MS;
	c->lag_asking = true;
	c->n_pending++;
}
