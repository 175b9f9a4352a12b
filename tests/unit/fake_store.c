#include "fake_store.h"

#include "base/memory.h"
#include "store/store_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int submit(struct store *s, struct store_op *op)
{
	struct fake_store *f = (struct fake_store *)(void *)s;
	if (f->busy || f->refuses)
		return f->refuses ? f->refuses : -EBUSY;
	list_append(&f->submitted, &op->link);
	f->n_submitted[op->kind]++;
	size_t n = ++f->n_in_flight[op->kind];
	if (n > f->most_in_flight[op->kind])
		f->most_in_flight[op->kind] = n;
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

struct store_op *fake_store_find(struct fake_store *f, enum store_op_kind kind)
{
	struct store_op *op = find_in(&f->worked, (int)kind);
	return op ? op : find_in(&f->submitted, (int)kind);
}

static bool holds(const struct list *l, const struct store_op *op)
{
	list_for_each(it, l) {
		if (it == &op->link)
			return true;
	}
	return false;
}

void fake_store_work(struct fake_store *f, struct store_op *op)
{
	assert(holds(&f->submitted, op));
	list_for_each(it, &f->submitted) {
		if (it == &op->link)
			break;
		assert(!is_write(op) || !is_write(list_entry(it, struct store_op, link))); /* writes keep their order */
	}
	list_remove(&op->link);
	list_append(&f->worked, &op->link);
	op->result = f->fault ? f->fault : fake_store_execute(f, op);
}

void fake_store_deliver(struct fake_store *f, struct store_op *op)
{
	if (!holds(&f->worked, op))
		fake_store_work(f, op);
	list_remove(&op->link);
	f->n_in_flight[op->kind]--;
	op->done(op);
}

bool fake_store_settle(struct fake_store *f, int except)
{
	bool any = false;
	for (bool more = true; more;) {
		more = false;
		struct list *lists[] = {&f->worked, &f->submitted};
		for (size_t i = 0; i < 2 && !more; i++) {
			list_for_each(it, lists[i]) {
				struct store_op *op = list_entry(it, struct store_op, link);
				if ((int)op->kind == except)
					continue;
				fake_store_deliver(f, op);
				more = any = true;
				break;
			}
		}
	}
	return any;
}

size_t fake_store_in_flight(const struct fake_store *f)
{
	size_t n = 0;
	for (size_t i = 0; i < STORE_OP_KINDS; i++)
		n += f->n_in_flight[i];
	return n;
}

void fake_store_set_back(struct fake_store *f, uint64_t room_no, size_t n_log, uint64_t without_user_no)
{
	struct fake_room *r = &f->rooms[room_no - 1];
	char epoch[STORE_EPOCH_BYTES + 1];
	int fault = f->fault;
	f->fault = -ENOTCONN;
	fake_store_settle(f, -1);
	f->fault = fault;
	assert(fake_store_in_flight(f) == 0);
	while (r->n_log > n_log)
		event_free(r->log[--r->n_log]);
	r->n_messages = r->log[n_log - 1]->n_messages;
	for (size_t i = 0; i < r->n_members; i++) {
		struct fake_member *m = &r->members[i];
		if (m->user_no == without_user_no)
			*m = r->members[--r->n_members];
		if (m->read_seq > n_log) {
			m->read_seq = n_log;
			m->read_messages = r->n_messages;
		}
	}
	memcpy(epoch, f->base.epoch, sizeof(epoch));
	epoch[STORE_EPOCH_BYTES - 1]++;
	store_set_epoch(&f->base, epoch, f->base.has_owner);
}

static void destroy(struct store *s)
{
	(void)s; /* the test owns it */
}

static const struct store_methods methods = {submit, destroy};

struct fake_store *fake_store_new(void)
{
	struct fake_store *f = mem_new(struct fake_store);
	f->base.methods = &methods;
	memcpy(f->base.epoch, "00000000e001", sizeof(f->base.epoch));
	list_init(&f->submitted);
	list_init(&f->worked);
	return f;
}

void fake_store_free(struct fake_store *f)
{
	assert(fake_store_in_flight(f) == 0);
	for (size_t i = 0; i < f->n_rooms; i++) {
		struct fake_room *r = &f->rooms[i];
		for (size_t j = 0; j < r->n_log; j++)
			event_free(r->log[j]);
		free(r->log);
		free(r->members);
		free(r->name);
		free(r->key);
		free(r->topic);
	}
	for (size_t i = 0; i < f->n_users; i++) {
		free(f->users[i].name);
		free(f->users[i].key);
		free(f->users[i].password_hash);
	}
	free(f->rooms);
	free(f->users);
	free(f->tokens);
	free(f->client_ids);
	free(f);
}
