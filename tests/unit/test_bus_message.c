#include "cmocka_wrap.h"

#include "bus/message.h"

#include <errno.h>
#include <string.h>

static const uint8_t sender[BUS_INSTANCE_BYTES] = "an instance's id";

static void records_come_back_as_they_were_added(void **state)
{
	(void)state;
	auto_buf b = BUF_INIT;
	struct bus_message m;
	struct bus_record r;
	bus_message_begin(&b, sender);
	bus_message_add(&b, BUS_EVENT, "one", 3);
	bus_message_add(&b, BUS_SIGNAL, "", 0);
	bus_message_add(&b, (enum bus_kind)200, "later", 5);
	assert_int_equal(bus_message_open(b.data, b.len, &m), 0);
	assert_memory_equal(m.sender, sender, sizeof(sender));
	assert_true(bus_message_next(&m, &r));
	assert_int_equal(r.kind, BUS_EVENT);
	assert_int_equal(r.n, 3);
	assert_memory_equal(r.bytes, "one", 3);
	assert_true(bus_message_next(&m, &r));
	assert_int_equal(r.kind, BUS_SIGNAL);
	assert_int_equal(r.n, 0);
	assert_true(bus_message_next(&m, &r));
	assert_int_equal(r.kind, 200);
	assert_false(bus_message_next(&m, &r));
}

static void a_message_without_records_is_one(void **state)
{
	(void)state;
	auto_buf b = BUF_INIT;
	struct bus_message m;
	struct bus_record r;
	bus_message_begin(&b, sender);
	assert_int_equal(bus_message_open(b.data, b.len, &m), 0);
	assert_false(bus_message_next(&m, &r));
}

/* Each beginning of a message that ends within a record is refused as a whole: no record before the damage is used. */
static void a_cut_message_is_refused_as_a_whole(void **state)
{
	(void)state;
	auto_buf b = BUF_INIT;
	struct bus_message m;
	bus_message_begin(&b, sender);
	bus_message_add(&b, BUS_EVENT, "one", 3);
	size_t whole = b.len;
	bus_message_add(&b, BUS_EVENT, "two", 3);
	for (size_t n = 0; n < b.len; n++) {
		bool is_whole = n == whole || n == BUS_MESSAGE_HEAD_BYTES;
		assert_int_equal(bus_message_open(b.data, n, &m), is_whole ? 0 : -EPROTO);
	}
	b.data[BUS_MESSAGE_HEAD_BYTES + 4] = 0xff; /* the length's highest byte */
	assert_int_equal(bus_message_open(b.data, b.len, &m), -EPROTO);
}

static void another_version_and_a_large_message_are_refused(void **state)
{
	(void)state;
	auto_buf b = BUF_INIT;
	struct bus_message m;
	bus_message_begin(&b, sender);
	memset(buf_reserve(&b, BUS_RECORD_BYTES_MAX + 1), 'x', BUS_RECORD_BYTES_MAX + 1);
	bus_message_add(&b, BUS_EVENT, b.data + b.len, 0);
	b.data[0] = BUS_MESSAGE_VERSION + 1;
	assert_int_equal(bus_message_open(b.data, b.len, &m), -ENOTSUP);
	b.data[0] = BUS_MESSAGE_VERSION;
	static uint8_t large[BUS_RECORD_BYTES_MAX];
	buf_clear(&b);
	bus_message_begin(&b, sender);
	bus_message_add(&b, BUS_EVENT, large, sizeof(large));
	assert_int_equal(b.len, BUS_MESSAGE_BYTES_MAX);
	assert_int_equal(bus_message_open(b.data, b.len, &m), 0);
	bus_message_add(&b, BUS_EVENT, large, 0);
	assert_int_equal(bus_message_open(b.data, b.len, &m), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back_as_they_were_added),
		cmocka_unit_test(a_message_without_records_is_one),
		cmocka_unit_test(a_cut_message_is_refused_as_a_whole),
		cmocka_unit_test(another_version_and_a_large_message_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
