#include "cmocka_wrap.h"

#include "base/id_map.h"

#include <string.h>

enum { N = 5000 };

static void number_key(uint32_t n, uint8_t key[16])
{
	id_map_key_of(&n, sizeof(n), key);
}

static void finds_what_was_put_and_nothing_else(void **state)
{
	(void)state;
	struct id_map m = {0};
	static char values[N];
	uint8_t key[16];
	number_key(0, key);
	assert_null(id_map_get(&m, key));
	assert_null(id_map_remove(&m, key));
	for (uint32_t i = 0; i < N; i++) {
		number_key(i, key);
		id_map_put(&m, key, &values[i]);
	}
	assert_int_equal(m.n_used, N);
	for (uint32_t i = 0; i < N; i++) {
		number_key(i, key);
		assert_ptr_equal(id_map_get(&m, key), &values[i]);
		number_key(i + N, key);
		assert_null(id_map_get(&m, key));
	}
	id_map_finish(&m);
	assert_null(id_map_get(&m, key));
}

static void put_replaces_an_entry(void **state)
{
	(void)state;
	struct id_map m = {0};
	uint8_t key[16];
	char a, b;
	number_key(7, key);
	id_map_put(&m, key, &a);
	id_map_put(&m, key, &b);
	assert_int_equal(m.n_used, 1);
	assert_ptr_equal(id_map_remove(&m, key), &b);
	assert_int_equal(m.n_used, 0);
	id_map_finish(&m);
}

/* Keys that all want the same few slots, wrapping round the end: a removal must not hide what follows. */
static void removal_hides_nothing(void **state)
{
	(void)state;
	char values[64];
	for (unsigned round = 0; round < 64; round++) {
		struct id_map m = {0};
		uint8_t keys[64][16];
		memset(keys, 0, sizeof(keys));
		for (unsigned i = 0; i < 64; i++) {
			keys[i][0] = (uint8_t)(0xff - (i * (round + 1)) % 5);
			keys[i][15] = (uint8_t)i;
			id_map_put(&m, keys[i], &values[i]);
		}
		for (unsigned gone = 0; gone < 64; gone++) {
			assert_ptr_equal(id_map_remove(&m, keys[(gone * 37) % 64]), &values[(gone * 37) % 64]);
			for (unsigned i = gone + 1; i < 64; i++)
				assert_ptr_equal(id_map_get(&m, keys[(i * 37) % 64]), &values[(i * 37) % 64]);
		}
		id_map_finish(&m);
	}
}

static void shrinks_when_emptied(void **state)
{
	(void)state;
	struct id_map m = {0};
	uint8_t key[16];
	char value;
	for (uint32_t i = 0; i < N; i++) {
		number_key(i, key);
		id_map_put(&m, key, &value);
	}
	size_t most = m.n_slots;
	assert_true(most < N * 4);
	for (uint32_t i = 0; i < N; i++) {
		number_key(i, key);
		assert_ptr_equal(id_map_remove(&m, key), &value);
	}
	assert_int_equal(m.n_used, 0);
	assert_true(m.n_slots <= 8);
	id_map_finish(&m);
}

static void walks_over_each_once(void **state)
{
	(void)state;
	struct id_map m = {0};
	int seen[100] = {0};
	for (uint32_t i = 0; i < 100; i++) {
		uint8_t key[16];
		number_key(i, key);
		id_map_put(&m, key, &seen[i]);
	}
	size_t at = 0;
	for (int *one; (one = id_map_next(&m, &at));)
		(*one)++;
	for (int i = 0; i < 100; i++)
		assert_int_equal(seen[i], 1);
	id_map_finish(&m);
}

static void clear_forgets_all_and_keeps_what_was_used_well(void **state)
{
	(void)state;
	struct id_map m = {0};
	uint8_t key[16];
	id_map_clear(&m);
	for (uint32_t round = 0; round < 3; round++) {
		uint32_t n = round == 2 ? 1 : 100;
		for (uint32_t i = 0; i < n; i++) {
			number_key(i, key);
			assert_null(id_map_get(&m, key));
			id_map_put(&m, key, &m);
		}
		assert_int_equal(m.n_used, n);
		id_map_clear(&m);
		assert_int_equal(m.n_used, 0);
		assert_true(round == 2 ? m.n_slots == 0 : m.n_slots > 100); /* a peak is not kept */
	}
	id_map_finish(&m);
}

static void equal_bytes_have_equal_keys(void **state)
{
	(void)state;
	uint8_t a[16], b[16], c[16];
	id_map_key_of("general", 7, a);
	id_map_key_of("general", 7, b);
	id_map_key_of("generaL", 7, c);
	assert_memory_equal(a, b, 16);
	assert_memory_not_equal(a, c, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_put_and_nothing_else),
		cmocka_unit_test(put_replaces_an_entry),
		cmocka_unit_test(removal_hides_nothing),
		cmocka_unit_test(shrinks_when_emptied),
		cmocka_unit_test(walks_over_each_once),
		cmocka_unit_test(clear_forgets_all_and_keeps_what_was_used_well),
		cmocka_unit_test(equal_bytes_have_equal_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
