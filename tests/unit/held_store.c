#include "held_store.h"

#include "base/memory.h"
#include "store/store_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int submit(struct store *s, struct store_op *op)
{
	struct held_store *h = list_entry(s, struct held_store, base);
	if (h->refuses)
		return h->refuses;
	memset(op->asked, 0, sizeof(op->asked));
	list_append(&h->submitted, &op->link);
	h->n_submitted[op->kind]++;
	size_t n = ++h->n_in_flight[op->kind];
	if (n > h->most_in_flight[op->kind])
		h->most_in_flight[op->kind] = n;
	return 0;
}

static bool is_write(const struct store_op *op)
{
	return store_op_how(op->kind) == STORE_WRITE;
}

static struct store_op *find_in(const struct list *l, int kind)
{
	list_for_each(it, l) {
		struct store_op *op = list_entry(it, struct store_op, link);
		if ((int)op->kind == kind)
			return op;
	}
	return NULL;
}

struct store_op *held_store_find(struct held_store *h, enum store_op_kind kind)
{
	struct store_op *op = find_in(&h->worked, (int)kind);
	return op ? op : find_in(&h->submitted, (int)kind);
}

static bool holds(const struct list *l, const struct store_op *op)
{
	list_for_each(it, l) {
		if (it == &op->link)
			return true;
	}
	return false;
}

/* Takes it out of those that were submitted. */
static void take(struct held_store *h, struct store_op *op)
{
	assert(holds(&h->submitted, op));
	list_for_each(it, &h->submitted) {
		if (it == &op->link)
			break;
		assert(!is_write(op) || !is_write(list_entry(it, struct store_op, link))); /* writes keep their order */
	}
	list_remove(&op->link);
}

static void write_batch(struct held_store *h, struct list *ready)
{
	struct list done;
	list_init(&done);
	memory_store_write(h->real, ready, &done);
	list_splice(&h->worked, &done);
}

void held_store_work(struct held_store *h, struct store_op *op)
{
	struct list ready;
	if (h->fault) {
		held_store_fail(h, op, h->fault);
		return;
	}
	take(h, op);
	if (is_write(op)) {
		list_init(&ready);
		list_append(&ready, &op->link);
		write_batch(h, &ready);
		return;
	}
	memory_store_read(h->real, op);
	list_append(&h->worked, &op->link);
}

void held_store_work_batch(struct held_store *h)
{
	struct list ready;
	list_init(&ready);
	list_for_each_safe(it, &h->submitted) {
		if (!is_write(list_entry(it, struct store_op, link)))
			continue;
		list_remove(it);
		list_append(&ready, it);
	}
	write_batch(h, &ready);
}

void held_store_fail(struct held_store *h, struct store_op *op, int result)
{
	take(h, op);
	op->result = result;
	list_append(&h->worked, &op->link);
}

void held_store_deliver(struct held_store *h, struct store_op *op)
{
	if (!holds(&h->worked, op))
		held_store_work(h, op);
	assert(holds(&h->worked, op));
	list_remove(&op->link);
	h->n_in_flight[op->kind]--;
	op->done(op);
}

static struct store_op *first_but(const struct list *l, int except)
{
	list_for_each(it, l) {
		struct store_op *op = list_entry(it, struct store_op, link);
		if ((int)op->kind != except)
			return op;
	}
	return NULL;
}

bool held_store_settle(struct held_store *h, int except)
{
	bool any = false;
	struct store_op *op;
	while ((op = first_but(&h->worked, except)) || (op = first_but(&h->submitted, except))) {
		held_store_deliver(h, op);
		any = true;
	}
	return any;
}

size_t held_store_in_flight(const struct held_store *h)
{
	size_t n = 0;
	for (size_t i = 0; i < STORE_OP_KINDS; i++)
		n += h->n_in_flight[i];
	return n;
}

void held_store_back_up(struct held_store *h)
{
	memory_store_back_up(h->real);
}

void held_store_set_back(struct held_store *h)
{
	char epoch[STORE_EPOCH_BYTES + 1];
	int fault = h->fault;
	h->fault = -ENOTCONN;
	held_store_settle(h, -1);
	h->fault = fault;
	assert(held_store_in_flight(h) == 0);
	memory_store_restore(h->real);
	memory_store_epoch(h->real, epoch);
	store_set_epoch(&h->base, epoch, h->base.has_owner);
}

void held_store_damage(struct held_store *h, uint64_t room_no, uint64_t from_seq, uint64_t to_seq)
{
	memory_store_change(h->real, "UPDATE event SET checksum = ~checksum WHERE pk BETWEEN %lld AND %lld",
			    (long long)event_pk(room_no, from_seq), (long long)event_pk(room_no, to_seq));
}

uint64_t held_store_last_seq(const struct held_store *h, uint64_t room_no)
{
	return memory_store_number(h->real, "SELECT last_seq FROM room WHERE no = %llu", (unsigned long long)room_no);
}

static void do_now(struct held_store *h, struct store_op *op, enum store_op_kind kind)
{
	op->kind = kind;
	memory_store_read(h->real, op);
	assert(op->result == 0);
}

const struct uid *held_store_room_id(struct held_store *h, uint64_t room_no)
{
	while (h->n_room_ids <= room_no) {
		h->room_ids = mem_realloc(h->room_ids, (h->n_room_ids + 1) * sizeof(struct uid *));
		h->room_ids[h->n_room_ids++] = NULL;
	}
	if (!h->room_ids[room_no]) {
		struct store_room_find find = {.room_no = room_no};
		do_now(h, &find.op, STORE_ROOM_FIND);
		h->room_ids[room_no] = mem_copy(&find.room.id, sizeof(struct uid));
		store_room_finish(&find.room);
	}
	return h->room_ids[room_no];
}

struct event *held_store_event(struct held_store *h, uint64_t room_no, uint64_t seq)
{
	struct store_log_page page = {.room_no = room_no, .after_seq = seq - 1, .before_seq = seq + 1};
	do_now(h, &page.op, STORE_LOG_PAGE);
	struct event *e = page.events[0];
	page.events[0] = NULL;
	store_log_page_finish(&page);
	return e;
}

static void destroy(struct store *s)
{
	(void)s; /* the test owns it */
}

static const struct store_methods methods = {submit, destroy};

struct held_store *held_store_new(struct metrics *metrics)
{
	struct held_store *h = mem_new(struct held_store);
	h->base.methods = &methods;
	h->real = memory_store_new(metrics);
	memory_store_epoch(h->real, h->base.epoch);
	list_init(&h->submitted);
	list_init(&h->worked);
	return h;
}

void held_store_free(struct held_store *h)
{
	assert(held_store_in_flight(h) == 0);
	memory_store_free(h->real);
	for (size_t i = 0; i < h->n_room_ids; i++)
		free(h->room_ids[i]);
	free(h->room_ids);
	free(h);
}

void held_store_share(struct held_store *h)
{
	memory_store_share(h->real);
	h->base.is_shared = true;
}
