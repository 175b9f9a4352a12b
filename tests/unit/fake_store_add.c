/* What was in the store before the server started: put there through the store's own operations. */
#include "fake_store.h"

#include "codec/text_clean.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void ignore(struct store_op *op)
{
	assert(op->result == 0);
}

static void run(struct fake_store *f, struct store_op *op, enum store_op_kind kind)
{
	op->kind = kind;
	op->done = ignore;
	int refused = f->base.methods->submit(&f->base, op);
	assert(!refused);
	(void)refused;
	fake_store_deliver(f, op);
}

static struct text text_of(const struct buf *b)
{
	return (struct text){(const char *)b->data, b->len};
}

static void person_data(struct buf *b, const struct fake_store *f, const char *member, uint64_t user_no)
{
	const struct fake_user *u = &f->users[user_no - 1];
	char id[UID_TEXT_BYTES + 1];
	uid_format(&u->id, id);
	buf_appendf(b, "{\"%s\":{\"id\":\"%s\",\"name\":\"%s\",\"kind\":\"person\"}}", member, id, u->name);
}

uint64_t fake_store_add_user(struct fake_store *f, const char *name, enum user_kind kind)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	struct store_user_create op = {.kind = kind};
	uid_random(&op.id, 1);
	enum name_fault fault = text_clean_name(name, strlen(name), 0, &shown, &key);
	assert(fault == NAME_OK);
	(void)fault;
	op.name = text_of(&shown);
	op.name_key = text_of(&key);
	run(f, &op.op, STORE_USER_CREATE);
	return op.user_no;
}

uint64_t fake_store_add_room(struct fake_store *f, const char *name, enum room_kind kind, uint64_t owner_no)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	struct store_room_create op = {.kind = kind, .owner_no = owner_no};
	uid_random(&op.id, 1);
	enum name_fault fault = text_clean_name(name, strlen(name), 0, &shown, &key);
	assert(fault == NAME_OK);
	(void)fault;
	op.name = text_of(&shown);
	op.name_key = text_of(&key);
	person_data(&op.created_data, f, "by", owner_no);
	person_data(&op.joined_data, f, "user", owner_no);
	run(f, &op.op, STORE_ROOM_CREATE);
	uint64_t no = op.membership.room.no;
	store_room_finish(&op.membership.room);
	buf_finish(&op.created_data);
	buf_finish(&op.joined_data);
	event_free(op.events[0]);
	event_free(op.events[1]);
	return no;
}

void fake_store_add_member(struct fake_store *f, uint64_t room_no, uint64_t user_no)
{
	struct store_join op = {.room_no = room_no, .user_no = user_no};
	run(f, &op.op, STORE_JOIN);
	store_join_finish(&op);
	event_free(op.event);
}

void fake_store_add_messages(struct fake_store *f, uint64_t room_no, uint64_t author_no, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct store_append op = {.room_no = room_no, .author_no = author_no, .type = EVENT_MESSAGE_CREATED};
		person_data(&op.data, f, "author", author_no);
		run(f, &op.op, STORE_APPEND);
		buf_finish(&op.data);
		event_free(op.event);
	}
}

void fake_store_add_token(struct fake_store *f, uint64_t user_no, enum token_kind kind, const char *label, char out[80])
{
	struct store_token_create op = {.user_no = user_no, .kind = kind};
	snprintf(out, 80, "token-%llu-%s", (unsigned long long)user_no, label);
	secret_token_hash(out, strlen(out), op.hash);
	run(f, &op.op, STORE_TOKEN_CREATE);
}
