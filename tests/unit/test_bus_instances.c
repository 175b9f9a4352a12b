#include "cmocka_wrap.h"

#include "bus/instances.h"

#include <string.h>

static const struct bus_alive lives = {.number = 1}, leaves = {.leaves = true};

static void id_of(unsigned i, uint8_t id[BUS_INSTANCE_BYTES])
{
	memset(id, 0, BUS_INSTANCE_BYTES);
	memcpy(id, &i, sizeof(i));
}

static void one_that_is_silent_for_a_lease_is_dead(void **state)
{
	(void)state;
	struct bus_instances i;
	uint8_t a[BUS_INSTANCE_BYTES], b[BUS_INSTANCE_BYTES];
	id_of(1, a);
	id_of(2, b);
	bus_instances_init(&i);
	assert_int_equal(bus_instances_count(&i), 1);
	bus_instances_heard(&i, a, &lives, 1000);
	bus_instances_heard(&i, b, &lives, 1000);
	assert_int_equal(bus_instances_count(&i), 3);
	bus_instances_heard(&i, b, &lives, 9000);
	bus_instances_expire(&i, 1000 + BUS_LEASE_MS - 1);
	assert_int_equal(bus_instances_count(&i), 3);
	bus_instances_expire(&i, 1000 + BUS_LEASE_MS);
	assert_int_equal(bus_instances_count(&i), 2);
	bus_instances_expire(&i, 9000 + BUS_LEASE_MS);
	assert_int_equal(bus_instances_count(&i), 1);
	bus_instances_finish(&i);
}

static void it_is_told_when_the_next_lease_ends(void **state)
{
	(void)state;
	struct bus_instances i;
	uint8_t a[BUS_INSTANCE_BYTES], b[BUS_INSTANCE_BYTES];
	id_of(1, a);
	id_of(2, b);
	bus_instances_init(&i);
	assert_true(bus_instances_expire(&i, 0) == UINT64_MAX);
	bus_instances_heard(&i, b, &lives, 1700);
	bus_instances_heard(&i, a, &lives, 1000);
	assert_int_equal(bus_instances_expire(&i, 1900), BUS_LEASE_MS - 900);
	bus_instances_heard(&i, a, &lives, 2000);
	assert_int_equal(bus_instances_expire(&i, 2000), BUS_LEASE_MS - 300);
	assert_int_equal(bus_instances_expire(&i, 1700 + BUS_LEASE_MS), 300);
	assert_int_equal(bus_instances_count(&i), 2);
	assert_true(bus_instances_expire(&i, 2000 + BUS_LEASE_MS) == UINT64_MAX);
	assert_int_equal(bus_instances_count(&i), 1);
	bus_instances_finish(&i);
}

static void one_that_leaves_is_forgotten_at_once(void **state)
{
	(void)state;
	struct bus_instances i;
	uint8_t a[BUS_INSTANCE_BYTES];
	id_of(1, a);
	bus_instances_init(&i);
	bus_instances_heard(&i, a, &leaves, 0); /* not known at all */
	bus_instances_heard(&i, a, &lives, 0);
	bus_instances_heard(&i, a, &leaves, 1);
	assert_int_equal(bus_instances_count(&i), 1);
	bus_instances_finish(&i);
}

static void an_outage_of_the_bus_kills_nobody(void **state)
{
	(void)state;
	struct bus_instances i;
	uint8_t a[BUS_INSTANCE_BYTES];
	id_of(1, a);
	bus_instances_init(&i);
	bus_instances_heard(&i, a, &lives, 0);
	bus_instances_renew(&i, 100000);
	bus_instances_expire(&i, 100000 + BUS_LEASE_MS - 1);
	assert_int_equal(bus_instances_count(&i), 2);
	bus_instances_expire(&i, 100000 + BUS_LEASE_MS);
	assert_int_equal(bus_instances_count(&i), 1);
	bus_instances_finish(&i);
}

static void forged_ids_take_bounded_memory(void **state)
{
	(void)state;
	struct bus_instances i;
	uint8_t id[BUS_INSTANCE_BYTES];
	bus_instances_init(&i);
	for (unsigned n = 0; n < 2 * BUS_INSTANCES_MAX; n++) {
		id_of(n, id);
		bus_instances_heard(&i, id, &lives, n);
	}
	assert_int_equal(bus_instances_count(&i), BUS_INSTANCES_MAX + 1);
	bus_instances_finish(&i);
}

static void each_start_has_another_id(void **state)
{
	(void)state;
	struct bus_instances a, b;
	bus_instances_init(&a);
	bus_instances_init(&b);
	assert_true(bus_instances_is_own(&a, a.own));
	assert_false(bus_instances_is_own(&a, b.own));
}

static void what_is_said_is_read_back(void **state)
{
	(void)state;
	uint8_t packed[BUS_ALIVE_BYTES + 1] = {0};
	struct bus_alive said;
	bus_alive_pack(&(struct bus_alive){.leaves = true, .number = 1ull << 53}, packed);
	assert_false(bus_alive_unpack(packed, BUS_ALIVE_BYTES - 1, &said));
	assert_true(bus_alive_unpack(packed, sizeof(packed), &said)); /* a later version says more */
	assert_true(said.leaves);
	assert_true(said.number == 1ull << 53);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_silent_for_a_lease_is_dead),
		cmocka_unit_test(it_is_told_when_the_next_lease_ends),
		cmocka_unit_test(one_that_leaves_is_forgotten_at_once),
		cmocka_unit_test(an_outage_of_the_bus_kills_nobody),
		cmocka_unit_test(forged_ids_take_bounded_memory),
		cmocka_unit_test(each_start_has_another_id),
		cmocka_unit_test(what_is_said_is_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
