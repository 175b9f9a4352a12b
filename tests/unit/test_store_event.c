#include "cmocka_wrap.h"

#include "store/event.h"

#include <string.h>

static struct event *some_event(void)
{
	auto_buf json = BUF_INIT;
	struct event head = {
		.seq = 12, .n_messages = 9, .author_no = 7, .target_seq = 3, .timestamp_ms = 1700000000123, .type = EVENT_MESSAGE_CREATED};
	uid_random(&head.room, 1);
	uid_random(&head.id, 1);
	static const char data[] = "{\"text\":\"hello\"}";
	event_encode(&json, head.type, &head.id, head.timestamp_ms, &head.room, head.seq, data, sizeof(data) - 1);
	return event_of(&head, json.data, json.len);
}

static void a_packed_event_comes_out_as_it_went_in(void **state)
{
	(void)state;
	auto_buf packed = BUF_INIT;
	struct event *e = some_event();
	event_pack(e, &packed);
	assert_int_equal(packed.len, EVENT_HEAD_BYTES + e->frame_bytes - e->header_bytes);
	struct event *again = event_unpack(packed.data, packed.len);
	assert_non_null(again);
	assert_memory_equal(again, e, offsetof(struct event, frame) + e->frame_bytes);
	event_free(e);
	event_free(again);
}

/* Every byte of the head counts, and every byte of the JSON's own head; what is inside of `data` may be any object. */
static void a_packed_event_that_was_changed_is_none_or_another(void **state)
{
	(void)state;
	auto_buf packed = BUF_INIT;
	struct event *e = some_event();
	event_pack(e, &packed);
	for (size_t at = 0; at < EVENT_HEAD_BYTES + 60; at++) {
		packed.data[at] ^= 0x80;
		struct event *other = event_unpack(packed.data, packed.len);
		bool is_number_beside = at >= 72 && at < 80; /* author_no: the JSON does not say it */
		if (is_number_beside)
			assert_true(other && other->author_no != e->author_no);
		else
			assert_null(other);
		event_free(other);
		packed.data[at] ^= 0x80;
	}
	for (size_t n = 0; n < packed.len; n++)
		assert_null(event_unpack(packed.data, n));
	event_free(e);
}

static struct event *passing(enum event_type type, struct event head)
{
	auto_buf json = BUF_INIT, packed = BUF_INIT;
	head.type = type;
	event_encode(&json, type, NULL, 0, &head.room, 0, "{\"typing\":true}", 15);
	struct event *e = event_of(&head, json.data, json.len);
	event_pack(e, &packed);
	event_free(e);
	assert_null(event_unpack(packed.data, packed.len));
	return event_unpack_passing(packed.data, packed.len);
}

static void an_event_that_is_not_remembered_is_packed_without_a_seq(void **state)
{
	(void)state;
	struct event *typing = passing(EVENT_TYPING, (struct event){.author_no = 7, .room.b = {1}});
	assert_non_null(typing);
	assert_int_equal(typing->author_no, 7);
	assert_int_equal(typing->room.b[0], 1);
	event_free(typing);
	event_free(passing(EVENT_SIGNAL, (struct event){.author_no = 7}));
	assert_null(passing(EVENT_READ_MARKED, (struct event){.author_no = 7}));
	assert_null(passing(EVENT_SERVER_LEAVING, (struct event){.author_no = 7}));
	assert_null(passing(EVENT_MESSAGE_CREATED, (struct event){.author_no = 7}));
	assert_null(passing(EVENT_SIGNAL, (struct event){.seq = 1}));
	assert_null(passing(EVENT_SIGNAL, (struct event){.target_seq = 1}));
	assert_null(passing(EVENT_SIGNAL, (struct event){.id.b = {1}}));
	auto_buf packed = BUF_INIT;
	struct event *e = some_event();
	event_pack(e, &packed);
	assert_null(event_unpack_passing(packed.data, packed.len));
	event_free(e);
}

static void assert_refused(struct event head)
{
	auto_buf json = BUF_INIT, packed = BUF_INIT;
	event_encode(&json, EVENT_MESSAGE_CREATED, &head.id, 0, &head.room, head.seq, "{}", 2);
	struct event *e = event_of(&head, json.data, json.len);
	event_pack(e, &packed);
	assert_null(event_unpack(packed.data, packed.len));
	event_free(e);
}

static void numbers_that_no_event_has_are_refused(void **state)
{
	(void)state;
	assert_refused((struct event){.type = EVENT_MESSAGE_CREATED, .seq = EVENT_SEQ_MOST + 1});
	assert_refused((struct event){.type = EVENT_MESSAGE_CREATED, .seq = 0});
	assert_refused((struct event){.type = EVENT_MESSAGE_CREATED, .seq = 5, .n_messages = 6});
	assert_refused((struct event){.type = EVENT_MESSAGE_CREATED, .seq = 5, .target_seq = 5});
	assert_refused((struct event){.type = EVENT_MESSAGE_CREATED, .seq = 5, .timestamp_ms = -1});
	assert_refused((struct event){.type = EVENT_SIGNAL, .seq = 5});
	assert_refused((struct event){.type = (enum event_type)77, .seq = 5});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packed_event_comes_out_as_it_went_in),
		cmocka_unit_test(a_packed_event_that_was_changed_is_none_or_another),
		cmocka_unit_test(an_event_that_is_not_remembered_is_packed_without_a_seq),
		cmocka_unit_test(numbers_that_no_event_has_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
