#include "held_store.h"

#include "base/memory.h"
#include "codec/text_clean.h"
#include "store/person.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Past the operations that are held. */
static void write_now(struct held_store *h, struct list *ops)
{
	struct list done;
	list_init(&done);
	if (h->base.is_shared)
		memory_store_write_by_another(h->real, ops, &done);
	else
		memory_store_write(h->real, ops, &done);
	list_for_each(it, &done)
		assert(list_entry(it, struct store_op, link)->result == 0);
}

static void run(struct held_store *h, struct store_op *op, enum store_op_kind kind)
{
	struct list ops;
	list_init(&ops);
	op->kind = kind;
	list_append(&ops, &op->link);
	write_now(h, &ops);
}

static struct text text_of(const struct buf *b)
{
	return (struct text){(const char *)b->data, b->len};
}

/* As the name is shown, and its key. */
static void clean(const char *name, struct buf *shown, struct buf *key)
{
	enum name_fault fault = text_clean_name(name, strlen(name), 0, shown, key);
	assert(fault == NAME_OK);
	(void)fault;
}

/* Without memberships; the caller finishes it. */
static struct store_user user_of(struct held_store *h, uint64_t user_no)
{
	struct store_sign_in find = {.op.kind = STORE_SIGN_IN, .user_no = user_no};
	memory_store_read(h->real, &find.op);
	assert(find.op.result == 0);
	struct store_user user = find.user;
	find.user.name = NULL;
	store_sign_in_finish(&find);
	return user;
}

static uint64_t add_user(struct held_store *h, const char *name, struct store_user_create *op)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	uid_random(&op->id, 1);
	clean(name, &shown, &key);
	op->name = text_of(&shown);
	op->name_key = text_of(&key);
	run(h, &op->op, STORE_USER_CREATE);
	return op->user_no;
}

uint64_t held_store_add_user(struct held_store *h, const char *name)
{
	struct store_user_create op = {.kind = USER_PERSON};
	return add_user(h, name, &op);
}

uint64_t held_store_add_guest(struct held_store *h, const char *name, char token[80])
{
	struct store_user_create op = {.kind = USER_GUEST, .has_token = true, .token_kind = TOKEN_SESSION};
	snprintf(token, 80, "token-%s", name);
	secret_token_hash(token, strlen(token), op.token_hash);
	return add_user(h, name, &op);
}

void held_store_make_owner(struct held_store *h, const char *name)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	clean(name, &shown, &key);
	struct store_user_set op = {.name_key = text_of(&key), .make_owner = true};
	run(h, &op.op, STORE_USER_SET);
}

void held_store_add_token(struct held_store *h, uint64_t user_no, enum token_kind kind, const char *label, char token[80])
{
	struct store_token_create op = {.user_no = user_no, .kind = kind};
	snprintf(token, 80, "token-%llu-%s", (unsigned long long)user_no, label);
	secret_token_hash(token, strlen(token), op.hash);
	run(h, &op.op, STORE_TOKEN_CREATE);
}

uint64_t held_store_add_room(struct held_store *h, const char *name, enum room_kind kind, uint64_t owner_no)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT, created = BUF_INIT, joined = BUF_INIT;
	struct store_user owner = user_of(h, owner_no);
	clean(name, &shown, &key);
	buf_append_str(&created, "{\"by\":");
	person_encode(&created, &owner.id, owner.name, owner.kind);
	buf_append_byte(&created, '}');
	person_encode_member(&joined, &owner, MEMBER_ROLE_OWNER, (struct text){0});
	struct store_room_create op = {.kind = kind,
				       .owner_no = owner_no,
				       .name = text_of(&shown),
				       .name_key = text_of(&key),
				       .created_data = created,
				       .joined_data = joined};
	uid_random(&op.id, 1);
	run(h, &op.op, STORE_ROOM_CREATE);
	uint64_t no = op.membership.room.no;
	store_op_finish(&op.op);
	store_user_finish(&owner);
	return no;
}

void held_store_add_member(struct held_store *h, uint64_t room_no, uint64_t user_no)
{
	struct store_join op = {.room_no = room_no, .user_no = user_no};
	run(h, &op.op, STORE_JOIN);
	store_op_finish(&op.op);
}

void held_store_remove_member(struct held_store *h, uint64_t room_no, uint64_t user_no)
{
	auto_buf data = BUF_INIT;
	struct store_user user = user_of(h, user_no);
	person_encode_left(&data, &user.id, user.name, user.kind);
	struct store_leave op = {.room_no = room_no, .user_no = user_no, .data = data};
	run(h, &op.op, STORE_LEAVE);
	store_op_finish(&op.op);
	store_user_finish(&user);
}

void held_store_add_messages(struct held_store *h, uint64_t room_no, uint64_t author_no, size_t n)
{
	auto_buf data = BUF_INIT;
	struct list ops;
	struct store_user author = user_of(h, author_no);
	auto_free struct store_append *messages = mem_zalloc((n + 1) * sizeof(*messages));
	list_init(&ops);
	buf_append_str(&data, "{\"author\":");
	person_encode(&data, &author.id, author.name, author.kind);
	buf_append_byte(&data, '}');
	for (size_t i = 0; i < n; i++) {
		messages[i] = (struct store_append){
			.op.kind = STORE_APPEND, .room_no = room_no, .author_no = author_no, .type = EVENT_MESSAGE_CREATED, .data = data};
		list_append(&ops, &messages[i].op.link);
	}
	write_now(h, &ops);
	for (size_t i = 0; i < n; i++)
		store_op_finish(&messages[i].op);
	store_user_finish(&author);
}
