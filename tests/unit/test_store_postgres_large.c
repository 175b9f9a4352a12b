/* The store on PostgreSQL and a message that takes seconds to write. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

static void a_message_of_many_megabytes_has_the_time_that_it_needs(void **state)
{
	enum { N_BYTES = 60 << 20 };
	struct store_fixture *f = *state;
	char address[160];
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	store_fixture_close(f);
	postgres_server_address(store_on_postgres_server(), store_on_postgres_database(f->dir), address, sizeof address);
	struct store_postgres_config config = {
		.database = {.address = address, .may_lose_commits = true, .connect_ms = 60000, .idle_ms = 10}};
	f->store = store_postgres_open(f->loop, &f->metrics, &config, f->fault);
	assert_non_null(f->store);
	struct store_append op = {.room_no = room, .author_no = ann, .type = EVENT_MESSAGE_CREATED};
	buf_append_str(&op.data, "{\"text\":\"");
	for (size_t i = 0; i < N_BYTES / 64; i++)
		buf_append_str(&op.data, "a text that is sixty-four bytes long, as often as it takes, yes. ");
	buf_append_str(&op.data, "\"}");
	assert_int_equal(store_fixture_do(f, &op.op, STORE_APPEND), 0);
	assert_int_equal(op.seq, 3);
	event_free(op.event);
	buf_finish(&op.data);
	store_fixture_close(f);
	assert_true(store_fixture_open(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_message_of_many_megabytes_has_the_time_that_it_needs, store_fixture_setup,
						store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
