/*
 * The events that a worker has read and not dealt with yet, and what became of each: first those that come back, then those behind the cursors, those of a room in their order.
 * Loop thread only.
 */
#ifndef PARLEY_DELIVERY_DELIVERY_PAGE_H
#define PARLEY_DELIVERY_DELIVERY_PAGE_H

#include "store/op_subscription.h"
#include "subscription/filter.h"

struct delivery_worker;

enum delivery_item_state {
	DELIVERY_ITEM_QUEUED,
	DELIVERY_ITEM_FLYING,
	DELIVERY_ITEM_DONE,    /* delivered, or not what the filter takes */
	DELIVERY_ITEM_FAILED,  /* is tried again in wait_ms */
	DELIVERY_ITEM_ASIDE,   /* is not tried again */
	DELIVERY_ITEM_DROPPED, /* was not tried; it stays where it is in the store */
};

struct delivery_item {
	struct delivery_worker *worker;
	struct event *event; /* owned */
	enum delivery_item_state state;
	bool is_again;
	bool is_saving, is_saved; /* a move with it is under way, or was made */
	uint64_t tries;           /* before, and then with this one */
	uint64_t wait_ms;
	int before; /* the one before it in its room; below 0: none */
};

struct delivery_page {
	struct delivery_item *items;
	size_t n_again, n_items;
	size_t next; /* those before it are not queued */
	size_t n_queued, n_flying;
};

static inline bool delivery_item_is_settled(const struct delivery_item *i)
{
	return i->state == DELIVERY_ITEM_DONE || i->state == DELIVERY_ITEM_FAILED || i->state == DELIVERY_ITEM_ASIDE;
}

/* Takes the events over: those that come back, and the new ones where `with_new`. */
void delivery_page_fill(struct delivery_page *p, struct delivery_worker *w, struct store_subscription_read *op, const struct filter *filter,
			bool with_new);
/* Nothing may be in flight. */
void delivery_page_clear(struct delivery_page *p);
/* The next one that may be posted, or NULL. Where the rooms are ordered, one that is behind another one has to wait for that, and is dropped where that is not delivered. */
struct delivery_item *delivery_page_next(struct delivery_page *p, bool is_ordered);
/* What is queued is dropped: all of it, or the new ones. */
void delivery_page_drop(struct delivery_page *p, bool only_new);
/* What is settled and was not stored becomes cursors and changes, with n_items places for each, and is being saved. */
void delivery_page_save(struct delivery_page *p, struct subscription_cursor *cursors, size_t *n_cursors,
			struct subscription_change *changes, size_t *n_changes);
/* The move was made, or was not. */
void delivery_page_saved(struct delivery_page *p, bool is_made);

#endif
