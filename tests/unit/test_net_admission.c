#include "cmocka_wrap.h"

#include <string.h>

#include "net/accept/admission.h"
#include "net/http/http_value.h"

static const uint8_t one[16] = {1}, two[16] = {2};

static void counts_connections(void **state)
{
	struct admission a;
	(void)state;

	admission_init(&a, 2, 0);
	assert_true(admission_has_room(&a));
	admission_enter(&a);
	admission_enter(&a);
	assert_false(admission_has_room(&a));
	admission_leave(&a);
	assert_true(admission_has_room(&a));
	assert_true(admission_has_room_for(&a, one)); /* no limit per address */
	admission_finish(&a);
}

static void counts_per_address_and_forgets(void **state)
{
	struct admission a;
	(void)state;

	admission_init(&a, 0, 2);
	assert_true(admission_enter_address(&a, one));
	assert_true(admission_has_room_for(&a, one));
	assert_true(admission_enter_address(&a, one));
	assert_false(admission_has_room_for(&a, one));
	assert_false(admission_enter_address(&a, one));
	assert_true(admission_enter_address(&a, two));
	admission_leave_address(&a, one);
	assert_true(admission_has_room_for(&a, one));
	admission_leave_address(&a, one);
	admission_leave_address(&a, two);
	size_t at = 0;
	assert_null(id_map_next(&a.addresses, &at));
	assert_true(admission_has_room(&a));
	admission_finish(&a);
}

static struct http_text of(const char *text)
{
	return (struct http_text){text, strlen(text)};
}

static void finds_words_in_lists_of_headers(void **state)
{
	(void)state;
	assert_true(http_value_lists(of("Upgrade"), "upgrade"));
	assert_true(http_value_lists(of("keep-alive, Upgrade"), "upgrade"));
	assert_true(http_value_lists(of(" ,\tupgrade\t ,x"), "upgrade"));
	assert_false(http_value_lists(of(""), "upgrade"));
	assert_false(http_value_lists(of("upgrades, not-upgrade"), "upgrade"));
	assert_false(http_value_lists(of("up grade"), "upgrade"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_connections),
		cmocka_unit_test(counts_per_address_and_forgets),
		cmocka_unit_test(finds_words_in_lists_of_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
