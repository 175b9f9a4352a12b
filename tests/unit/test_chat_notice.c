#include "cmocka_wrap.h"

#include "store/user_notice.h"

#include <string.h>

static struct user_notice notice_of(enum user_notice_kind kind)
{
	struct user_notice n = {.kind = kind, .user_no = 7};
	if (kind == NOTICE_ROOM_CHANGED)
		n.user_no = 0;
	if (user_notice_is_of_room(kind)) {
		memset(n.room.b, 0x5a, sizeof(n.room.b));
		n.seq = 12;
	}
	n.n_messages = kind == NOTICE_READ_MARKED ? 9 : 0;
	n.up_to = kind == NOTICE_TOKENS_ENDED ? TOKEN_BOT : TOKEN_SESSION;
	n.role = kind == NOTICE_ROLE_SET ? USER_ROLE_OWNER : USER_ROLE_NONE;
	if (kind == NOTICE_TOKEN_ENDED)
		memset(n.token_hash, 0xa5, sizeof(n.token_hash));
	return n;
}

static void a_packed_notice_comes_out_as_it_went_in(void **state)
{
	(void)state;
	for (int kind = NOTICE_READ_MARKED; kind <= NOTICE_ROOM_CHANGED; kind++) {
		struct user_notice n = notice_of((enum user_notice_kind)kind), out;
		uint8_t packed[USER_NOTICE_BYTES];
		user_notice_pack(&n, packed);
		assert_true(user_notice_unpack(packed, sizeof(packed), &out));
		assert_int_equal(out.kind, n.kind);
		assert_int_equal(out.user_no, n.user_no);
		assert_memory_equal(out.room.b, n.room.b, sizeof(n.room.b));
		assert_int_equal(out.seq, n.seq);
		assert_int_equal(out.n_messages, n.n_messages);
		assert_int_equal(out.up_to, n.up_to);
		assert_int_equal(out.role, n.role);
		assert_memory_equal(out.token_hash, n.token_hash, sizeof(n.token_hash));
	}
}

static void assert_refused(const uint8_t *packed, size_t n)
{
	struct user_notice out;
	assert_false(user_notice_unpack(packed, n, &out));
}

static void assert_refused_with(enum user_notice_kind kind, size_t at, uint8_t value)
{
	struct user_notice n = notice_of(kind);
	uint8_t packed[USER_NOTICE_BYTES];
	user_notice_pack(&n, packed);
	assert_int_not_equal(packed[at], value);
	packed[at] = value;
	assert_refused(packed, sizeof(packed));
}

/* The places are those of the header's table. */
static void what_is_no_notice_is_refused(void **state)
{
	(void)state;
	uint8_t packed[USER_NOTICE_BYTES + 1] = {0};
	struct user_notice n = notice_of(NOTICE_ROOM_ADDED);
	user_notice_pack(&n, packed);
	for (size_t i = 0; i <= sizeof(packed); i++)
		if (i != USER_NOTICE_BYTES)
			assert_refused(packed, i);
	assert_refused_with(NOTICE_ROLE_SET, 0, 2);       /* another version */
	assert_refused_with(NOTICE_ROLE_SET, 1, 0);       /* no kind */
	assert_refused_with(NOTICE_ROLE_SET, 1, 8);       /* no kind */
	assert_refused_with(NOTICE_TOKENS_ENDED, 2, 2);   /* no kind of token */
	assert_refused_with(NOTICE_ROLE_SET, 3, 2);       /* no role */
	assert_refused_with(NOTICE_ROLE_SET, 4, 1);       /* not zero */
	assert_refused_with(NOTICE_ROLE_SET, 8, 0);       /* nobody */
	assert_refused_with(NOTICE_ROOM_CHANGED, 8, 7);   /* somebody */
	assert_refused_with(NOTICE_ROLE_SET, 16, 1);      /* a room, which the kind does not have */
	assert_refused_with(NOTICE_ROOM_ADDED, 32, 0);    /* no event */
	assert_refused_with(NOTICE_ROOM_ADDED, 39, 0xff); /* a seq that no client's number holds */
	assert_refused_with(NOTICE_READ_MARKED, 40, 13);  /* more messages than events */
	assert_refused_with(NOTICE_ROOM_REMOVED, 40, 1);  /* a count, which the kind does not have */
	assert_refused_with(NOTICE_READ_MARKED, 48, 1);   /* a token, which the kind does not have */
}

static struct event *event_with(enum event_type type, const char *data)
{
	auto_buf json = BUF_INIT;
	struct uid id = {{0}};
	event_encode(&json, type, &id, 0, &id, 1, data, strlen(data));
	struct event *e = event_new(json.data, json.len);
	e->type = type;
	return e;
}

static void an_event_of_the_log_says_its_notice_and_no_other_does(void **state)
{
	(void)state;
	struct user_notice n = notice_of(NOTICE_TOKEN_ENDED), out;
	auto_buf data = BUF_INIT;
	user_notice_encode(&n, &data);
	buf_append_byte(&data, 0);
	char *text = (char *)data.data;
	struct event *e = event_with(EVENT_NOTICE, text);
	assert_true(user_notice_of_event(e, &out));
	assert_int_equal(out.user_no, 7);
	assert_memory_equal(out.token_hash, n.token_hash, sizeof(n.token_hash));
	event_free(e);
	e = event_with(EVENT_MESSAGE_CREATED, text);
	assert_false(user_notice_of_event(e, &out));
	event_free(e);
	for (size_t at = 0; at < strlen(text); at++) {
		char was = text[at];
		text[at] = 'x';
		e = event_with(EVENT_NOTICE, text);
		assert_false(user_notice_of_event(e, &out));
		event_free(e);
		text[at] = was;
	}
	e = event_with(EVENT_NOTICE, "{}");
	assert_false(user_notice_of_event(e, &out));
	event_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packed_notice_comes_out_as_it_went_in),
		cmocka_unit_test(what_is_no_notice_is_refused),
		cmocka_unit_test(an_event_of_the_log_says_its_notice_and_no_other_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
