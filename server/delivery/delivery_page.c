#include "delivery/delivery_page.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

static void find_before(struct delivery_page *p)
{
	for (size_t i = 0; i < p->n_items; i++) {
		int before = (int)i - 1;
		while (before >= 0 && p->items[before].event->room_no != p->items[i].event->room_no)
			before--;
		p->items[i].before = before;
	}
}

void delivery_page_fill(struct delivery_page *p, struct delivery_worker *w, struct store_subscription_read *op, const struct filter *filter,
			bool with_new)
{
	size_t n = with_new ? op->n_events : op->n_again;
	assert(!p->items);
	if (n == 0)
		return;
	*p = (struct delivery_page){.items = mem_zalloc(n * sizeof(*p->items)), .n_again = op->n_again, .n_items = n};
	for (size_t i = 0; i < n; i++) {
		struct delivery_item *item = &p->items[i];
		*item = (struct delivery_item){
			.worker = w, .event = op->events[i].event, .is_again = i < op->n_again, .tries = op->events[i].tries};
		op->events[i].event = NULL;
		item->state = filter_takes(filter, item->event) ? DELIVERY_ITEM_QUEUED : DELIVERY_ITEM_DONE;
		p->n_queued += item->state == DELIVERY_ITEM_QUEUED;
	}
	find_before(p);
}

void delivery_page_clear(struct delivery_page *p)
{
	assert(p->n_flying == 0);
	for (size_t i = 0; i < p->n_items; i++)
		event_free(p->items[i].event);
	free(p->items);
	*p = (struct delivery_page){0};
}

static void drop(struct delivery_page *p, struct delivery_item *item)
{
	item->state = DELIVERY_ITEM_DROPPED;
	p->n_queued--;
}

struct delivery_item *delivery_page_next(struct delivery_page *p, bool is_ordered)
{
	while (p->next < p->n_items && p->items[p->next].state != DELIVERY_ITEM_QUEUED)
		p->next++;
	for (size_t i = p->next; i < p->n_items && p->n_queued > 0; i++) {
		struct delivery_item *item = &p->items[i];
		if (item->state != DELIVERY_ITEM_QUEUED)
			continue;
		enum delivery_item_state before = is_ordered && item->before >= 0 ? p->items[item->before].state : DELIVERY_ITEM_DONE;
		if (before == DELIVERY_ITEM_DONE || before == DELIVERY_ITEM_ASIDE)
			return item;
		if (before == DELIVERY_ITEM_FAILED || before == DELIVERY_ITEM_DROPPED)
			drop(p, item);
	}
	return NULL;
}

void delivery_page_drop(struct delivery_page *p, bool only_new)
{
	for (size_t i = only_new ? p->n_again : 0; i < p->n_items && p->n_queued > 0; i++)
		if (p->items[i].state == DELIVERY_ITEM_QUEUED)
			drop(p, &p->items[i]);
}

static void add_change(const struct delivery_item *item, struct subscription_change *c)
{
	*c = (struct subscription_change){.room_no = item->event->room_no, .seq = item->event->seq, .state = SUBSCRIPTION_EVENT_DONE};
	if (item->state == DELIVERY_ITEM_DONE)
		return;
	c->state = item->state == DELIVERY_ITEM_FAILED ? SUBSCRIPTION_EVENT_WAITS : SUBSCRIPTION_EVENT_ASIDE;
	c->tries = item->tries;
	c->wait_ms = item->wait_ms;
}

void delivery_page_save(struct delivery_page *p, struct subscription_cursor *cursors, size_t *n_cursors,
			struct subscription_change *changes, size_t *n_changes)
{
	uint64_t room_no = 0;
	bool is_whole = false; /* of this room, all before is settled */
	*n_cursors = *n_changes = 0;
	for (size_t i = 0; i < p->n_items; i++) {
		struct delivery_item *item = &p->items[i];
		if (!item->is_again && item->event->room_no != room_no) {
			room_no = item->event->room_no;
			is_whole = true;
		}
		is_whole &= delivery_item_is_settled(item);
		if (item->is_saved || !(item->is_again ? delivery_item_is_settled(item) : is_whole))
			continue;
		item->is_saving = true;
		if (item->is_again || item->state != DELIVERY_ITEM_DONE)
			add_change(item, &changes[(*n_changes)++]);
		if (item->is_again)
			continue;
		if (*n_cursors == 0 || cursors[*n_cursors - 1].room_no != room_no)
			cursors[(*n_cursors)++].room_no = room_no;
		cursors[*n_cursors - 1].seq = item->event->seq;
	}
}

void delivery_page_saved(struct delivery_page *p, bool is_made)
{
	for (size_t i = 0; i < p->n_items; i++) {
		p->items[i].is_saved |= p->items[i].is_saving && is_made;
		p->items[i].is_saving = false;
	}
}
