/* Two chats on one store, and nothing comes from one to the other but by the store: what one has acknowledged, the other knows as soon as it is asked. */
#include "chat_pair.h"

#include "chat/owner_link.h"
#include "room/room.h"
#include "store/store_state.h"

#include <errno.h>

/* Between the chats and their store. It refuses the question that is asked once a second, so that nothing is learned by waiting. */
static struct {
	const struct store_methods *real;
	struct store_methods methods;
	size_t n_asked[STORE_OP_KINDS];
	bool is_short; /* what a room misses cannot be read */
} gate;

static int count(struct store *s, struct store_op *op)
{
	if (op->kind == STORE_ROOM_TOPS || (gate.is_short && op->kind == STORE_LOG_PAGE))
		return -EBUSY;
	gate.n_asked[op->kind]++;
	return gate.real->submit(s, op);
}

static void put_gate(struct chat_pair *p)
{
	memset(&gate, 0, sizeof(gate));
	gate.real = p->f->store->methods;
	gate.methods = *gate.real;
	gate.methods.submit = count;
	p->f->store->methods = &gate.methods;
}

static int setup(void **state)
{
	int failed = pair_setup_shared(state);
	if (failed == 0)
		put_gate(*state);
	return failed;
}

static int setup_alone(void **state)
{
	int failed = pair_setup(state);
	if (failed == 0)
		put_gate(*state);
	return failed;
}

static int finish(void **state)
{
	struct chat_pair *p = *state;
	p->f->store->methods = gate.real;
	return pair_teardown(state);
}

static void here(struct chat_pair *p, struct conn *who, const char *request)
{
	pair_ask(p, who, request);
	pair_forget_packets(p);
}

/* The code of the answer to a request at the other chat; *data: what it says. */
static const char *there(struct chat_pair *p, int who, const char *request, const json_t **data)
{
	static unsigned n;
	char ref[20];
	snprintf(ref, sizeof(ref), "t%u", ++n);
	say(p->remote[who], "{\"ref\":\"%s\",%s", ref, request + 1);
	pair_settle(p);
	if (data)
		*data = json_object_get(reply_to(p->remote[who], ref), "data");
	return code_of(p->remote[who], ref);
}

static json_int_t number(const json_t *data, const char *member)
{
	assert_true(json_is_integer(json_object_get(data, member)));
	return json_integer_value(json_object_get(data, member));
}

static const json_t *room_there(struct chat_pair *p, int who, const char *room)
{
	char request[100];
	const json_t *data;
	snprintf(request, sizeof(request), "{\"type\":\"room.get\",\"data\":{\"room\":\"%s\"}}", room);
	assert_string_equal(there(p, who, request, &data), "ok");
	return json_object_get(data, "room");
}

static void what_was_said_elsewhere_is_counted(void **state)
{
	struct chat_pair *p = *state;
	const json_t *data;
	json_int_t last = number(room_there(p, BOB, "hall"), "last_seq");
	here(p, p->actors[BOB], "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":4}}");
	here(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"one\"}}");
	here(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"two\"}}");
	assert_string_equal(there(p, BOB, "{\"type\":\"history.read\",\"data\":{\"room\":\"hall\",\"before\":3}}", &data), "ok");
	assert_int_equal(number(data, "last_seq"), last + 2);
	assert_int_equal(number(room_there(p, BOB, "hall"), "unread"), 2);
	here(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"three\"}}");
	char mark[100];
	snprintf(mark, sizeof(mark), "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":%lld}}", (long long)last + 1);
	assert_string_equal(there(p, BOB, mark, &data), "ok");
	assert_int_equal(number(data, "unread"), 2);
	here(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"four\"}}");
	assert_string_equal(there(p, BOB, mark, &data), "ok"); /* it does not move */
	assert_int_equal(number(data, "unread"), 3);
}

static void a_mark_that_was_set_elsewhere_is_known(void **state)
{
	struct chat_pair *p = *state;
	const json_t *data;
	here(p, p->actors[BOB], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"one\"}}");
	json_int_t last = number(room_there(p, ANN, "hall"), "last_seq");
	char mark[100];
	snprintf(mark, sizeof(mark), "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":%lld}}", (long long)last);
	here(p, p->actors[ANN], mark);
	assert_string_equal(there(p, ANN, "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":1}}", &data), "ok");
	assert_int_equal(number(data, "read_seq"), last);
	assert_int_equal(number(data, "unread"), 0);
	here(p, p->actors[GUS], mark);
	assert_int_equal(number(room_there(p, GUS, "hall"), "read_seq"), last);
	assert_int_equal(heard(p->remote[GUS], "read.marked", NULL), 1);
	here(p, p->actors[BOB], "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":3}}");
	struct conn *again = pair_sign_in(p, p->there, GUS);
	const json_t *start = json_object_get(reply_to(again, "start"), "data");
	assert_int_equal(number(json_array_get(json_object_get(start, "rooms"), 0), "read_seq"), last);
	fake_conn_free(again);
}

/* What a member may do, with what it is answered to one who is none. */
static const struct {
	const char *type, *more, *refused;
} members_may[] = {
	{"message.send", ",\"text\":\"x\"", NULL}, /* NULL: who was a member is found out only when it happens */
	{"history.read", "", "forbidden"},         {"room.members", "", "forbidden"},        {"typing.set", ",\"typing\":true", NULL},
	{"signal.send", ",\"name\":\"x\"", NULL},  {"read.mark", ",\"seq\":2", "not_found"}, {"room.leave", "", "not_found"},
};
enum { N_MEMBERS_MAY = sizeof(members_may) / sizeof(members_may[0]) };

static void request_of(char out[200], const char *type, int room, const char *more)
{
	snprintf(out, 200, "{\"type\":\"%s\",\"data\":{\"room\":\"r%d\"%s}}", type, room, more);
}

static void a_member_who_joined_elsewhere(struct chat_pair *p, const char *kind)
{
	char request[200];
	for (int i = 0; i < N_MEMBERS_MAY; i++) {
		snprintf(request, sizeof(request), "{\"type\":\"room.create\",\"data\":{\"name\":\"r%d\",\"kind\":\"%s\"}}", i, kind);
		here(p, p->actors[ANN], request);
		request_of(request, members_may[i].type, i, members_may[i].more);
		assert_string_equal(there(p, CY, request, NULL), strcmp(kind, "public") == 0 ? "forbidden" : "not_found");
		request_of(request, "member.add", i, ",\"user\":\"cy\"");
		here(p, p->actors[ANN], request);
		request_of(request, members_may[i].type, i, members_may[i].more);
		assert_string_equal(there(p, CY, request, NULL), "ok");
	}
}

static void who_was_added_elsewhere_is_a_member(void **state)
{
	a_member_who_joined_elsewhere(*state, "public");
}

static void who_was_added_to_a_private_room_elsewhere_is_a_member(void **state)
{
	a_member_who_joined_elsewhere(*state, "private");
}

static bool has_number(const struct conn *c, json_int_t ref)
{
	size_t i;
	json_t *reply;
	json_array_foreach(c->heard, i, reply)
		if (json_is_integer(json_object_get(reply, "ref")) && json_integer_value(json_object_get(reply, "ref")) == ref)
			return true;
	return false;
}

/* What is left of calls that have returned is gone. */
static void __attribute__((noinline)) overwrite_stack(void)
{
	volatile unsigned char bytes[16384];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 'x';
}

/* The request is moved while the store is asked. */
static void a_reply_has_its_number_after_the_question(void **state)
{
	struct chat_pair *p = *state;
	here(p, p->actors[ANN], "{\"type\":\"room.create\",\"data\":{\"name\":\"hut\"}}");
	here(p, p->actors[BOB], "{\"type\":\"room.join\",\"data\":{\"room\":\"hut\"}}");
	gate.n_asked[STORE_ROOM_FIND] = 0;
	say(p->remote[BOB], "{\"type\":\"message.send\",\"ref\":1234567890123456789,\"data\":{\"room\":\"hut\",\"text\":\"hello\"}}");
	overwrite_stack();
	pair_settle(p);
	assert_int_equal(gate.n_asked[STORE_ROOM_FIND], 1);
	assert_true(has_number(p->remote[BOB], 1234567890123456789));
}

static void who_left_elsewhere_is_no_member(void **state)
{
	struct chat_pair *p = *state;
	char request[200];
	for (int i = 0; i < N_MEMBERS_MAY; i++) {
		if (!members_may[i].refused)
			continue;
		snprintf(request, sizeof(request), "{\"type\":\"room.create\",\"data\":{\"name\":\"r%d\"}}", i);
		here(p, p->actors[ANN], request);
		request_of(request, "room.join", i, "");
		assert_string_equal(there(p, CY, request, NULL), "ok");
		request_of(request, "room.leave", i, "");
		here(p, p->actors[CY], request);
		request_of(request, members_may[i].type, i, members_may[i].more);
		assert_string_equal(there(p, CY, request, NULL), members_may[i].refused);
		snprintf(request, sizeof(request), "r%d", i);
		assert_true(json_is_false(json_object_get(room_there(p, CY, request), "member")));
	}
	struct conn *again = pair_sign_in(p, p->there, CY);
	assert_int_equal(json_array_size(json_object_get(json_object_get(reply_to(again, "start"), "data"), "rooms")), 0);
	fake_conn_free(again);
}

static void who_left_elsewhere_signs_in_without_the_room(void **state)
{
	struct chat_pair *p = *state;
	here(p, p->actors[BOB], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	struct conn *again = pair_sign_in(p, p->there, BOB);
	assert_int_equal(json_array_size(json_object_get(json_object_get(reply_to(again, "start"), "data"), "rooms")), 0);
	assert_int_equal(heard(p->remote[BOB], "room.removed", NULL), 1);
	fake_conn_free(again);
}

static void a_room_that_was_renamed_elsewhere_has_its_name(void **state)
{
	struct chat_pair *p = *state;
	const json_t *data;
	here(p, p->actors[ANN], "{\"type\":\"room.update\",\"data\":{\"room\":\"hall\",\"name\":\"great\",\"topic\":\"of us\"}}");
	assert_string_equal(there(p, CY, "{\"type\":\"room.get\",\"data\":{\"room\":\"hall\"}}", NULL), "not_found");
	const json_t *room = room_there(p, BOB, "great");
	assert_string_equal(json_string_value(json_object_get(room, "name")), "great");
	assert_string_equal(json_string_value(json_object_get(room, "topic")), "of us");
	json_int_t last = number(room, "last_seq");
	here(p, p->actors[ANN], "{\"type\":\"room.update\",\"data\":{\"room\":\"great\",\"topic\":\"of all\"}}");
	/* This is what memory has, and not what is. */
	assert_string_equal(there(p, ANN, "{\"type\":\"room.update\",\"data\":{\"room\":\"great\",\"topic\":\"of us\"}}", &data), "ok");
	assert_int_equal(number(data, "seq"), last + 2);
	assert_string_equal(json_string_value(json_object_get(room_there(p, GUS, "great"), "topic")), "of us");
}

static void an_heir_may_what_an_owner_may(void **state)
{
	struct chat_pair *p = *state;
	here(p, p->actors[ANN], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	assert_string_equal(there(p, BOB, "{\"type\":\"room.update\",\"data\":{\"room\":\"hall\",\"topic\":\"mine\"}}", NULL), "ok");
	assert_string_equal(there(p, ANN, "{\"type\":\"room.update\",\"data\":{\"room\":\"hall\",\"topic\":\"mine\"}}", NULL), "forbidden");
}

static void an_owner_of_the_server_may_see_every_room(void **state)
{
	struct chat_pair *p = *state;
	here(p, p->actors[ANN], "{\"type\":\"room.create\",\"data\":{\"name\":\"lab\",\"kind\":\"private\"}}");
	assert_string_equal(there(p, CY, "{\"type\":\"room.get\",\"data\":{\"room\":\"lab\"}}", NULL), "not_found");
	assert_string_equal(there(p, CY, "{\"type\":\"room.list\",\"data\":{\"all\":true}}", NULL), "forbidden");
	here(p, p->operator, "{\"type\":\"admin.owner\",\"data\":{\"name\":\"cy\"}}");
	assert_string_equal(there(p, CY, "{\"type\":\"room.list\",\"data\":{\"all\":true}}", NULL), "ok");
	assert_true(json_is_false(json_object_get(room_there(p, CY, "lab"), "member")));
	assert_string_equal(there(p, CY, "{\"type\":\"room.update\",\"data\":{\"room\":\"lab\",\"topic\":\"seen\"}}", NULL), "ok");
}

/* A place that was freed elsewhere is free, and one that was taken is taken. */
static void the_store_counts_how_many_rooms_somebody_is_in(void **state)
{
	struct chat_pair *p = *state;
	p->here->config.limits.user_rooms = p->there->config.limits.user_rooms = 1;
	assert_string_equal(there(p, BOB, "{\"type\":\"room.create\",\"data\":{\"name\":\"nook\"}}", NULL), "limit_reached");
	here(p, p->actors[BOB], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	assert_string_equal(there(p, BOB, "{\"type\":\"room.create\",\"data\":{\"name\":\"nook\"}}", NULL), "ok");
	assert_string_equal(there(p, BOB, "{\"type\":\"room.join\",\"data\":{\"room\":\"hall\"}}", NULL), "limit_reached");
}

static const char *become_owner(struct chat_pair *p, const char *name, const char *code)
{
	char request[200];
	const json_t *data;
	snprintf(request, sizeof(request),
		 "{\"type\":\"account.create\",\"data\":{\"name\":\"%s\",\"password\":\"correct horse\",\"owner_code\":\"%s\"}}", name,
		 code);
	const char *result = there(p, CY, request, &data);
	return strcmp(result, "ok") == 0 ? json_string_value(json_object_get(json_object_get(data, "user"), "role")) : result;
}

static void the_link_of_an_instance_makes_the_owner_at_any(void **state)
{
	struct chat_pair *p = *state;
	char wrong[SECRET_TOKEN_CHARS + 1], own[SECRET_TOKEN_CHARS + 1];
	secret_token(wrong);
	memcpy(own, p->there->owner_link.code, sizeof(own));
	assert_string_equal(become_owner(p, "bob", p->here->owner_link.code),
			    "forbidden"); /* it is not stored yet, and that counts before the name */
	owner_link_step(p->here);
	owner_link_step(p->there);
	pair_settle(p);
	assert_string_equal(become_owner(p, "olga", wrong), "forbidden");
	assert_string_equal(become_owner(p, "bob", p->here->owner_link.code), "name_taken");
	assert_string_equal(become_owner(p, "olga", p->here->owner_link.code), "owner");
	assert_string_equal(become_owner(p, "otto", p->here->owner_link.code), "forbidden");
	assert_string_equal(become_owner(p, "otto", own), "forbidden");
}

static void the_link_of_an_instance_that_ends_is_void(void **state)
{
	struct chat_pair *p = *state;
	char code[SECRET_TOKEN_CHARS + 1];
	memcpy(code, p->here->owner_link.code, sizeof(code));
	owner_link_step(p->here);
	pair_settle(p);
	owner_link_end(p->here);
	pair_settle(p);
	assert_string_equal(become_owner(p, "olga", code), "forbidden");
	owner_link_step(p->here);
	pair_settle(p);
	for (int i = 0; i < STORE_OWNER_LINKS_MAX; i++) { /* others start, and are killed */
		struct store_owner_link op = {.hash = {(uint8_t)(i + 1)}};
		assert_int_equal(store_fixture_do(p->f, &op.op, STORE_OWNER_LINK), 0);
	}
	assert_string_equal(become_owner(p, "olga", code), "forbidden");
}

/* The room misses events, and these cannot be fetched; then the database is away. */
static void what_waits_for_a_room_ends_when_the_database_goes_away(void **state)
{
	struct chat_pair *p = *state;
	const struct room *hall = room_by_name_key(&p->there->rooms, "hall", 4);
	here(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"one\"}}");
	gate.is_short = true;
	struct conn *late = fake_conn_open(p->there, &(struct session_config){.transport = TRANSPORT_WEBSOCKET});
	say(p->remote[BOB], "{\"type\":\"room.get\",\"ref\":\"g\",\"data\":{\"room\":\"hall\"}}");
	say(late, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"token-1\"}}");
	for (int i = 0; list_empty(&hall->waiting) || hall->waiting.next->next == &hall->waiting; i++) {
		assert_true(i < 600000);
		pair_turn(p);
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	assert_true(!reply_to(p->remote[BOB], "g") && !reply_to(late, "s"));
	store_set_away(p->f->store, "connection refused", 1000);
	for (int i = 0; i < 3; i++)
		pair_turn(p);
	fake_conn_flush(late);
	assert_string_equal(code_of(p->remote[BOB], "g"), "unavailable");
	assert_string_equal(code_of(late, "s"), "unavailable");
	gate.is_short = false;
	store_set_back(p->f->store);
	pair_settle(p);
	fake_conn_free(late);
}

static void a_member_sends_without_a_question(void **state)
{
	struct chat_pair *p = *state;
	assert_string_equal(there(p, BOB, "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"x\"}}", NULL), "ok");
	assert_int_equal(gate.n_asked[STORE_ROOM_FIND], 0);
	room_there(p, BOB, "hall");
	assert_int_equal(gate.n_asked[STORE_ROOM_FIND], 1);
}

static void nothing_is_asked_of_a_store_that_nobody_else_writes_to(void **state)
{
	struct chat_pair *p = *state;
	room_there(p, BOB, "hall");
	assert_string_equal(there(p, BOB, "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":1}}", NULL), "ok");
	for (size_t i = 0; i < STORE_OP_KINDS; i++)
		assert_int_equal(gate.n_asked[i], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_said_elsewhere_is_counted),
		TEST(a_mark_that_was_set_elsewhere_is_known),
		TEST(who_was_added_elsewhere_is_a_member),
		TEST(who_was_added_to_a_private_room_elsewhere_is_a_member),
		TEST(a_reply_has_its_number_after_the_question),
		TEST(who_left_elsewhere_is_no_member),
		TEST(who_left_elsewhere_signs_in_without_the_room),
		TEST(a_room_that_was_renamed_elsewhere_has_its_name),
		TEST(an_heir_may_what_an_owner_may),
		TEST(an_owner_of_the_server_may_see_every_room),
		TEST(the_store_counts_how_many_rooms_somebody_is_in),
		TEST(the_link_of_an_instance_makes_the_owner_at_any),
		TEST(the_link_of_an_instance_that_ends_is_void),
		TEST(what_waits_for_a_room_ends_when_the_database_goes_away),
		TEST(a_member_sends_without_a_question),
		cmocka_unit_test_setup_teardown(nothing_is_asked_of_a_store_that_nobody_else_writes_to, setup_alone, finish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
