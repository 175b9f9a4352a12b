/* What concerns one account is told to all of its sessions: when there is anything to tell, in order, and a few at a time. */
#include "chat_house.h"

#include <string.h>

static void ask(struct house *h, struct conn *c, const char *frame)
{
	say(c, "%s", frame);
	fixture_run(&h->f, -1);
}

static void test_what_changes_nothing_is_told_to_nobody(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 4); /* seqs 4 to 7 */
	house_start(&h);
	struct conn *ann = h.writer, *too = fixture_signed_in(&h.f, h.ann_token);
	const size_t *n_submitted = h.f.store->n_submitted;
	size_t n_joins = n_submitted[STORE_JOIN];
	ask(&h, ann, "{\"ref\":\"m\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":5}}");
	ask(&h, ann, "{\"ref\":\"t\",\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"tea\"}}");
	assert_int_equal(heard(too, "read.marked", NULL), 1);
	assert_int_equal(heard(too, "room.updated", NULL), 1);
	assert_int_equal(n_submitted[STORE_READ_MARK], 1);
	assert_int_equal(n_submitted[STORE_ROOM_UPDATE], 1);
	ask(&h, ann, "{\"ref\":\"m2\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":5}}");
	ask(&h, ann, "{\"ref\":\"m3\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":1}}");
	assert_int_equal(number_of(data_of(ann, "m3"), "read_seq"), 5);
	assert_int_equal(number_of(data_of(ann, "m3"), "unread"), 2);
	ask(&h, ann, "{\"ref\":\"t2\",\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"name\":\"r1\",\"topic\":\"tea\"}}");
	assert_int_equal(number_of(data_of(ann, "t2"), "seq"), number_of(data_of(ann, "t"), "seq"));
	ask(&h, ann, "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"r1\"}}");
	assert_string_equal(code_of(ann, "j"), "ok");
	assert_int_equal(n_submitted[STORE_READ_MARK], 1);
	assert_int_equal(n_submitted[STORE_ROOM_UPDATE], 1);
	assert_int_equal(n_submitted[STORE_JOIN], n_joins);
	assert_int_equal(heard(too, "read.marked", NULL), 1);
	assert_int_equal(heard(too, "room.updated", NULL), 1);
	assert_int_equal(heard(too, "room.added", NULL), 0);
	/* Past the end only the store knows: the first moves the mark, the second does not. */
	ask(&h, ann, "{\"ref\":\"f\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":4000}}");
	ask(&h, ann, "{\"ref\":\"f2\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":4000}}");
	assert_int_equal(heard(too, "read.marked", NULL), 2);
	fixture_finish(&h.f);
}

/* What is under way may change it: then the room is as it was asked for last. */
static void test_an_update_that_undoes_one_under_way_is_done(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	house_start(&h);
	struct conn *ann = h.writer;
	ask(&h, ann, "{\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"tea\"}}");
	say(ann, "{\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"coffee\"}}");
	say(ann, "{\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"tea\"}}");
	fixture_run(&h.f, -1);
	assert_int_equal(heard(ann, "room.updated", NULL), 3);
	ask(&h, ann, "{\"ref\":\"g\",\"type\":\"room.get\",\"data\":{\"room\":\"r1\"}}");
	assert_string_equal(json_string_value(json_object_get(json_object_get(data_of(ann, "g"), "room"), "topic")), "tea");
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_changes_nothing_is_told_to_nobody),
		cmocka_unit_test(test_an_update_that_undoes_one_under_way_is_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
