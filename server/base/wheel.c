#include "base/wheel.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

struct wheel {
	uint64_t tick; /* the last one that was handled */
	uint32_t tick_ms, n_slots;
	struct list slots[]; /* wheel_timer.link */
};

struct wheel *wheel_new(uint64_t now_ms, uint32_t tick_ms, uint32_t n_slots)
{
	assert(tick_ms > 0 && n_slots > 0);
	struct wheel *w = mem_zalloc(sizeof(*w) + n_slots * sizeof(w->slots[0]));
	w->tick = now_ms / tick_ms;
	w->tick_ms = tick_ms;
	w->n_slots = n_slots;
	for (uint32_t i = 0; i < n_slots; i++)
		list_init(&w->slots[i]);
	return w;
}

void wheel_destroy(struct wheel *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->n_slots; i++) {
		while (!list_empty(&w->slots[i]))
			list_remove(w->slots[i].next);
	}
	free(w);
}

static void hang(struct wheel *w, struct wheel_timer *t)
{
	uint64_t tick = t->deadline_ms / w->tick_ms + (t->deadline_ms % w->tick_ms != 0);
	if (tick <= w->tick)
		tick = w->tick + 1;
	list_append(&w->slots[tick % w->n_slots], &t->link);
}

void wheel_arm(struct wheel *w, struct wheel_timer *t, uint64_t deadline_ms)
{
	wheel_disarm(t);
	t->deadline_ms = deadline_ms;
	hang(w, t);
}

void wheel_disarm(struct wheel_timer *t)
{
	if (t->link.next)
		list_remove(&t->link);
}

/* The slot is emptied first, and each timer is taken off before its callback. So a callback may arm, move or free any timer. */
static void look_at(struct wheel *w, uint64_t now_ms, void (*fired)(struct wheel_timer *t, void *arg), void *arg)
{
	struct list due; /* wheel_timer.link */
	list_init(&due);
	list_splice(&due, &w->slots[w->tick % w->n_slots]);
	while (!list_empty(&due)) {
		struct wheel_timer *t = list_entry(due.next, struct wheel_timer, link);
		list_remove(&t->link);
		if (t->deadline_ms > now_ms)
			hang(w, t); /* it is due in a later round */
		else
			fired(t, arg);
	}
}

void wheel_advance(struct wheel *w, uint64_t now_ms, void (*fired)(struct wheel_timer *t, void *arg), void *arg)
{
	uint64_t last = now_ms / w->tick_ms;
	if (last > w->tick + w->n_slots) /* after a long sleep one round is enough */
		w->tick = last - w->n_slots;
	while (w->tick < last) {
		w->tick++;
		look_at(w, now_ms, fired, arg);
	}
}
