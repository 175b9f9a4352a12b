/* Server-wide events: what they tell of, and that only subscriptions of the server's owners read them. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include "store/server_events.h"

#include <errno.h>
#include <jansson.h>

enum { EVENTS_MAX = 100 };

static uint64_t subscribe(struct store_fixture *f, const char *name, uint64_t owner_no, int64_t from_ms)
{
	struct store_subscription_create op = {.id = fresh_id(),
					       .owner_no = owner_no,
					       .name = text_from(name),
					       .filter = text_from("{}"),
					       .ack_wait_ms = 1,
					       .max_tries = 3,
					       .from_ms = from_ms};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_CREATE), 0);
	return op.subscription_no;
}

static void make_owner(struct store_fixture *f, const char *name)
{
	struct store_user_set op = {.name_key = text_from(name), .make_owner = true};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_USER_SET), 0);
}

static uint64_t owner(struct store_fixture *f, const char *name)
{
	uint64_t no = make_user(f, name, USER_PERSON);
	make_owner(f, name);
	return no;
}

/* Finish *op. Of what it read only server-wide events count: others are dropped. */
static void look(struct store_fixture *f, uint64_t no, struct store_subscription_read *op)
{
	*op = (struct store_subscription_read){.which.no = no, .limit = EVENTS_MAX};
	assert_int_equal(store_fixture_do(f, &op->op, STORE_SUBSCRIPTION_READ), 0);
	size_t n = 0;
	for (size_t i = 0; i < op->n_events; i++) {
		if (op->events[i].event->room_no == SERVER_EVENTS_ROOM_NO)
			op->events[n++] = op->events[i];
		else
			event_free(op->events[i].event);
	}
	op->n_events = n;
}

static size_t n_to_read(struct store_fixture *f, uint64_t no)
{
	struct store_subscription_read op;
	look(f, no, &op);
	size_t n = op.n_events;
	store_subscription_read_finish(&op);
	return n;
}

static uint64_t n_behind(struct store_fixture *f, uint64_t owner_no)
{
	struct store_subscription_page op = {.owner_no = owner_no, .limit = 1};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_PAGE), 0);
	assert_int_equal(op.n_listed, 1);
	uint64_t n = op.listed[0].n_behind;
	store_subscription_page_finish(&op);
	return n;
}

static bool has_news(struct store_fixture *f, uint64_t no)
{
	bool has;
	int64_t nos[] = {(int64_t)no};
	struct store_subscription_news op = {.subscription_nos = nos, .has_news = &has, .n_subscriptions = 1};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_NEWS), 0);
	return has;
}

static struct store_subscription_lag lag_of(struct store_fixture *f)
{
	struct store_subscription_lag op = {0};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_LAG), 0);
	return op;
}

static void update_room(struct store_fixture *f, uint64_t room_no, uint64_t user_no, const char *topic)
{
	struct store_room_update op = {
		.room_no = room_no, .user_no = user_no, .topic = text_from(topic), .data = json_from("{\"topic\":1}")};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_UPDATE), 0);
	store_room_update_finish(&op);
	buf_finish(&op.data);
}

/* The member of an event's JSON; the caller's. */
static json_t *parsed(const struct event *e)
{
	size_t n;
	const uint8_t *bytes = event_json(e, &n);
	json_t *json = json_loadb((const char *)bytes, n, 0, NULL);
	assert_non_null(json);
	assert_null(json_object_get(json, "room"));
	assert_non_null(json_object_get(json, "id"));
	assert_int_equal(json_integer_value(json_object_get(json, "seq")), e->seq);
	return json;
}

static const char *data_text(const json_t *json, const char *in, const char *name)
{
	const json_t *data = json_object_get(json, "data");
	return json_string_value(json_object_get(in ? json_object_get(data, in) : data, name));
}

static void it_tells_of_persons_bots_and_rooms_of_any_kind_and_of_no_guest(void **state)
{
	struct store_fixture *f = *state;
	static const enum event_type types[] = {EVENT_USER_CREATED, EVENT_USER_CREATED, EVENT_ROOM_CREATED, EVENT_ROOM_UPDATED};
	struct store_subscription_read read;
	uint64_t no = subscribe(f, "s", owner(f, "olga"), SUBSCRIPTION_FROM_END);
	uint64_t ann = make_user(f, "ann", USER_PERSON);
	(void)make_user(f, "visitor", USER_GUEST);
	(void)make_user(f, "robot", USER_BOT);
	uint64_t room = make_room_of_kind(f, "cellar", ROOM_PRIVATE, ann);
	update_room(f, room, ann, "wine");
	join_room(f, room, make_user(f, "other visitor", USER_GUEST));
	look(f, no, &read);
	assert_int_equal(read.n_events, 4);
	struct store_room_find find = {.room_no = room};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
	char id[UID_TEXT_BYTES + 1];
	uid_format(&find.room.id, id);
	for (size_t i = 0; i < read.n_events; i++) {
		const struct event *e = read.events[i].event;
		json_auto_t *json = parsed(e);
		assert_int_equal(e->type, types[i]);
		assert_int_equal(e->seq, i + 2);
		if (i < 2)
			assert_string_equal(data_text(json, "user", "name"), i == 0 ? "ann" : "robot");
		else
			assert_string_equal(data_text(json, NULL, "room"), id);
	}
	store_room_find_finish(&find);
	store_subscription_read_finish(&read);
	assert_int_equal(count_faults(f), 0);
}

static void only_owners_read_it_and_from_when_they_became_one(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), no = subscribe(f, "s", ann, SUBSCRIPTION_FROM_START);
	assert_int_equal(n_to_read(f, no), 0);
	assert_int_equal(n_behind(f, ann), 0);
	assert_false(has_news(f, no));
	make_owner(f, "ann");
	assert_int_equal(n_to_read(f, no), 0);
	(void)make_user(f, "bob", USER_PERSON);
	assert_int_equal(n_to_read(f, no), 1);
	assert_int_equal(n_behind(f, ann), 1);
	assert_true(has_news(f, no));
	make_owner(f, "ann"); /* owns it already */
	assert_int_equal(n_to_read(f, no), 1);
}

static void it_is_read_from_the_start_or_the_end_and_sought(void **state)
{
	struct store_fixture *f = *state;
	uint64_t olga = owner(f, "olga");
	assert_int_equal(n_to_read(f, subscribe(f, "start", olga, SUBSCRIPTION_FROM_START)), 1);
	uint64_t no = subscribe(f, "end", olga, SUBSCRIPTION_FROM_END);
	assert_int_equal(n_to_read(f, no), 0);
	struct store_subscription_seek seek = {.subscription_no = no, .from_ms = SUBSCRIPTION_FROM_START};
	assert_int_equal(store_fixture_do(f, &seek.op, STORE_SUBSCRIPTION_SEEK), 0);
	assert_int_equal(n_to_read(f, no), 1);
}

static void what_is_refused_has_none(void **state)
{
	struct store_fixture *f = *state;
	uint64_t no = subscribe(f, "s", owner(f, "olga"), SUBSCRIPTION_FROM_END);
	struct store_user_create again = {.id = fresh_id(), .kind = USER_PERSON, .name = text_from("olga"), .name_key = text_from("olga")};
	assert_int_equal(store_fixture_do(f, &again.op, STORE_USER_CREATE), -EEXIST);
	assert_int_equal(n_to_read(f, no), 0);
}

static void what_was_handed_out_comes_back_while_its_reader_owns_the_server(void **state)
{
	struct store_fixture *f = *state;
	uint64_t no = subscribe(f, "s", owner(f, "olga"), SUBSCRIPTION_FROM_END);
	(void)make_user(f, "ann", USER_PERSON);
	struct subscription_cursor cursor = {SERVER_EVENTS_ROOM_NO, 2};
	struct subscription_change change = {.room_no = SERVER_EVENTS_ROOM_NO, .seq = 2, .tries = 1, .delivery = 7};
	struct store_subscription_move move = {
		.subscription_no = no, .fence = 1, .cursors = &cursor, .n_cursors = 1, .changes = &change, .n_changes = 1};
	assert_int_equal(store_fixture_do(f, &move.op, STORE_SUBSCRIPTION_MOVE), 0);
	assert_false(move.is_lost);
	struct store_subscription_read read;
	look(f, no, &read);
	assert_int_equal(read.n_events, 1);
	assert_int_equal(read.events[0].tries, 1);
	store_subscription_read_finish(&read);
	assert_int_equal(count_faults(f), 0);
	store_fixture_change(f, "UPDATE account SET role = 0");
	assert_int_equal(n_to_read(f, no), 0);
}

static void the_lag_is_of_all_who_may_read_and_of_the_one_that_is_furthest_behind(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	assert_int_equal(lag_of(f).n_behind, 0);
	(void)subscribe(f, "a", ann, SUBSCRIPTION_FROM_END);
	(void)subscribe(f, "b", ann, SUBSCRIPTION_FROM_END);
	uint64_t no = subscribe(f, "s", owner(f, "olga"), SUBSCRIPTION_FROM_END);
	assert_int_equal(lag_of(f).n_behind, 0);
	assert_int_equal(lag_of(f).oldest_age_ms, 0);
	for (int i = 0; i < 3; i++)
		send_text(f, room, ann, "{}");
	(void)make_user(f, "bob", USER_PERSON);
	store_fixture_change(f, "UPDATE event SET at_ms = at_ms - 5000000");
	struct store_subscription_lag lag = lag_of(f);
	store_fixture_change(f, "UPDATE event SET at_ms = at_ms + 5000000"); /* as the checksums say */
	assert_int_equal(lag.n_behind, 7);
	assert_int_equal(lag.n_behind_most, 3);
	assert_in_range(lag.oldest_age_ms, 5000000, 5600000);
	struct store_subscription_update off = {.subscription_no = no, .order = -1, .status = SUBSCRIPTION_DISABLED};
	assert_int_equal(store_fixture_do(f, &off.op, STORE_SUBSCRIPTION_UPDATE), 0);
	assert_int_equal(lag_of(f).n_behind, 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_tells_of_persons_bots_and_rooms_of_any_kind_and_of_no_guest),
		TEST(only_owners_read_it_and_from_when_they_became_one),
		TEST(it_is_read_from_the_start_or_the_end_and_sought),
		TEST(what_is_refused_has_none),
		TEST(the_lag_is_of_all_who_may_read_and_of_the_one_that_is_furthest_behind),
		TEST(what_was_handed_out_comes_back_while_its_reader_owns_the_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
