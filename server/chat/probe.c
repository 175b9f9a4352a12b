/*
 * A probe takes the whole way: a commit through the store's writer, then an event through feed, tail and sweep of a room that nobody sees. The server is ready when
 * the sweep has passed and no stored data is known to be damaged. Undamaged rooms go on, but an operator has to look, because a copy of the data that is taken from
 * then on is damaged too.
 *
 * While the database is away, the server is not ready. A probe says why without asking the store.
 *
 * Probes need no sign-in, and every probe is a commit. Therefore one result is told to all who ask within a second.
 */
#include "chat/chat.h"

#include "base/clock.h"
#include "bus/bus.h"
#include "chat/chat_state.h"
#include "codec/event_encode.h"
#include "room/room.h"

#include <errno.h>
#include <stdlib.h>

enum { LOOK_MS = 2, GOOD_FOR_MS = 1000 };

struct probe {
	struct store_op ping; /* first: the store hands this back */
	struct list in_chat;  /* chat.probes */
	struct chat *chat;
	struct loop_timer *timer;
	uint64_t deadline_ms;
	uint64_t passes_wanted;
	bool stored, in_store;
	void (*done)(void *arg, bool ok, const char *what);
	void *arg;
};

static void probe_free(struct probe *p)
{
	list_remove(&p->in_chat);
	loop_timer_destroy(p->timer);
	free(p);
}

void probe_drop_all(struct chat *c)
{
	list_for_each_safe(it, &c->probes) {
		probe_free(list_entry(it, struct probe, in_chat));
	}
}

static void tell_away(const struct chat *c, void (*done)(void *arg, bool ok, const char *what), void *arg)
{
	auto_buf what = BUF_INIT;
	buf_appendf(&what, "the database is away: %s", c->store->away_why);
	buf_append_byte(&what, 0);
	done(arg, false, (const char *)what.data);
}

static void answer(struct probe *p, bool ok, const char *what)
{
	p->chat->probed = (struct probe_result){.until_ms = loop_now_ms(p->chat->loop) + GOOD_FOR_MS, .ok = ok, .what = what};
	if (p->done && !ok && p->chat->store->is_away) /* since it was asked */
		tell_away(p->chat, p->done, p->arg);
	else if (p->done)
		p->done(p->arg, ok, what);
	p->done = NULL;
	if (p->in_store)
		loop_timer_stop(p->timer); /* freed when the store gives the ping back */
	else
		probe_free(p);
}

static void look(void *arg)
{
	struct probe *p = arg;
	if (p->stored && p->chat->probe_room->n_passes >= p->passes_wanted)
		answer(p, true, "ready");
	else if (loop_now_ms(p->chat->loop) >= p->deadline_ms)
		answer(p, false, p->stored ? "the publish path does not answer" : "the store does not commit");
}

static void publish(struct probe *p)
{
	struct room *r = p->chat->probe_room;
	auto_buf json = BUF_INIT;
	uint64_t seq = r->feed.last_seq + 1;
	event_encode(&json, EVENT_SIGNAL, NULL, clock_wall_ms(), &r->id, seq, "{}", 2);
	struct event *e = event_new(json.data, json.len);
	e->seq = seq;
	p->passes_wanted = r->n_passes + 1;
	room_offer(r, e);
}

static void pinged(struct store_op *op)
{
	struct probe *p = (struct probe *)(void *)op;
	p->in_store = false;
	p->chat->n_pending--;
	if (!p->done) {
		probe_free(p);
	} else if (op->result == -EBADMSG) {
		answer(p, false, "the stored data is damaged: the log says where (store.damaged), `parley admin verify` says what else");
	} else if (op->result != 0) {
		answer(p, false,
		       op->result == -ESTALE     ? "the store cannot write: its files are gone"
		       : op->result == -ENOTCONN ? "the database is away"
						 : "the store cannot write");
	} else {
		p->stored = true;
		publish(p);
	}
}

void chat_probe(struct chat *c, uint32_t timeout_ms, void (*done)(void *arg, bool ok, const char *what), void *arg)
{
	if (c->store->is_away) {
		tell_away(c, done, arg);
		return;
	}
	if (loop_now_ms(c->loop) < c->probed.until_ms) {
		done(arg, c->probed.ok, c->probed.what);
		return;
	}
	struct probe *p = mem_new(struct probe);
	p->chat = c;
	p->done = done;
	p->arg = arg;
	list_append(&c->probes, &p->in_chat);
	p->deadline_ms = loop_now_ms(c->loop) + timeout_ms;
	p->timer = loop_timer_new(c->loop, look, p);
	loop_timer_start(p->timer, LOOK_MS, LOOK_MS);
	p->ping = (struct store_op){.kind = STORE_PING, .done = pinged};
	p->in_store = c->store->methods->submit(c->store, &p->ping) == 0;
	if (p->in_store)
		c->n_pending++;
	else
		p->deadline_ms = 0; /* the next look answers it */
}

const char *chat_degraded(const struct chat *c)
{
	const struct bus *b = c->config.bus;
	return b && b->state == BUS_DEGRADED ? b->why : NULL;
}
