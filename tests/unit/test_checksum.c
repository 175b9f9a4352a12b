#include "cmocka_wrap.h"

#include "base/checksum.h"

#include <string.h>

/* The examples of RFC 3720, section B.4, and the check value of the catalogue of CRCs. */
static void known_values_have_their_checksums(void **state)
{
	uint8_t bytes[32] = {0};
	(void)state;
	assert_int_equal(checksum_crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(checksum_crc32c(0, bytes, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	assert_int_equal(checksum_crc32c(0, bytes, 32), 0x46dd794e);
	assert_int_equal(checksum_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(checksum_crc32c(0, "", 0), 0);
}

/* Bit by bit, as the definition has it. */
static uint32_t slowly(const uint8_t *bytes, size_t n)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void pieces_have_the_checksum_of_the_whole(void **state)
{
	uint8_t bytes[100];
	(void)state;
	for (uint8_t i = 0; i < 100; i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= 100; n++) {
		assert_int_equal(checksum_crc32c(0, bytes, n), slowly(bytes, n));
		for (size_t cut = 0; cut <= n; cut++)
			assert_int_equal(checksum_crc32c(checksum_crc32c(0, bytes, cut), bytes + cut, n - cut), slowly(bytes, n));
	}
}

static void each_changed_bit_changes_the_checksum(void **state)
{
	uint8_t bytes[100] = {0};
	uint32_t whole = checksum_crc32c(0, bytes, sizeof(bytes));
	(void)state;
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(checksum_crc32c(0, bytes, sizeof(bytes)), whole);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values_have_their_checksums),
		cmocka_unit_test(pieces_have_the_checksum_of_the_whole),
		cmocka_unit_test(each_changed_bit_changes_the_checksum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
