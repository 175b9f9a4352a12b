#include "cmocka_wrap.h"

#include "codec/text_clean.h"

#include <string.h>

#define E_ACUTE "\xC3\xA9"         /* é */
#define ACUTE "\xCC\x81"           /* a combining acute accent */
#define NBSP "\xC2\xA0"            /* no-break space */
#define IDEOGRAPHIC "\xE3\x80\x80" /* a wide space */
#define RLO "\xE2\x80\xAE"         /* right-to-left override */
#define ZWJ "\xE2\x80\x8D"         /* zero-width joiner */
#define HANGUL_FILLER "\xE3\x85\xA4"
#define VARIATION_16 "\xEF\xB8\x8F" /* a mark that shows nothing */

static void assert_message(const char *raw, size_t n, const char *expected)
{
	auto_buf out = BUF_INIT;

	buf_append_str(&out, "+");
	assert_int_equal(text_clean_message(raw, n, &out), strlen(expected));
	assert_int_equal(out.len, 1 + strlen(expected));
	assert_memory_equal(out.data + 1, expected, strlen(expected));
}

#define MESSAGE(raw, expected) assert_message(raw, sizeof(raw) - 1, expected)

static void messages_lose_control_characters_only(void **state)
{
	(void)state;
	MESSAGE("", "");
	MESSAGE("plain", "plain");
	MESSAGE("two\nlines\tand a tab", "two\nlines\tand a tab");
	MESSAGE("two\r\nlines", "two\nlines");
	MESSAGE("a\x01\x02\x1b[31mb\x7f", "a[31mb");
	MESSAGE("\x01\x02", "");
	MESSAGE("a\0b", "ab");
	MESSAGE("x\xC2\x80y\xC2\x9Fz", "xyz");                                     /* C1 controls */
	MESSAGE("x\xC2\xA0y", "x\xC2\xA0y");                                       /* the next one is a letter's place again */
	MESSAGE("\xE2\x80\x80 \xF0\x9F\x8C\x8D", "\xE2\x80\x80 \xF0\x9F\x8C\x8D"); /* bytes 80 to 9F inside other characters stay */
}

static void assert_name(const char *raw, enum name_fault fault, const char *shown, const char *key)
{
	auto_buf shown_out = BUF_INIT, key_out = BUF_INIT;

	assert_int_equal(text_clean_name(raw, strlen(raw), 64, &shown_out, &key_out), fault);
	buf_append_byte(&shown_out, 0);
	buf_append_byte(&key_out, 0);
	assert_string_equal((const char *)shown_out.data, shown);
	assert_string_equal((const char *)key_out.data, key);
}

static void refused(const char *raw, enum name_fault fault)
{
	assert_name(raw, fault, "", "");
}

static void names_are_trimmed_folded_and_composed(void **state)
{
	(void)state;
	assert_name("Alice", NAME_OK, "Alice", "alice");
	refused("Alice\t", NAME_BAD_CHARACTER);
	assert_name("  Alice   B.  ", NAME_OK, "Alice B.", "alice b.");
	assert_name(NBSP "Alice" IDEOGRAPHIC NBSP "B" NBSP, NAME_OK, "Alice B", "alice b");
	assert_name("Ren"
		    "e" ACUTE,
		    NAME_OK, "Ren" E_ACUTE, "ren" E_ACUTE);
	assert_name("\xF0\x9F\x8C\x8D", NAME_OK, "\xF0\x9F\x8C\x8D", "\xF0\x9F\x8C\x8D");
}

static void names_that_look_alike_have_one_key(void **state)
{
	(void)state;
	assert_name("STRASSE", NAME_OK, "STRASSE", "strasse");
	assert_name("Stra\xC3\x9F"
		    "e",
		    NAME_OK,
		    "Stra\xC3\x9F"
		    "e",
		    "strasse");                                                /* sharp s */
	assert_name("\xEF\xBC\xA1lice", NAME_OK, "\xEF\xBC\xA1lice", "alice"); /* a wide A */
	assert_name("\xEF\xAC\x81sh", NAME_OK, "\xEF\xAC\x81sh", "fish");      /* the ligature fi */
	assert_name("Alice" VARIATION_16, NAME_OK, "Alice" VARIATION_16, "alice");
	assert_name("REN\xC3\x89", NAME_OK, "REN\xC3\x89", "ren" E_ACUTE);
}

static void names_with_unfit_characters_are_refused(void **state)
{
	(void)state;
	refused("a\nb", NAME_BAD_CHARACTER);
	refused("a\x7f", NAME_BAD_CHARACTER);
	refused("a\xC2\x85", NAME_BAD_CHARACTER);
	refused("a" RLO "b", NAME_BAD_CHARACTER);
	refused("a" ZWJ "b", NAME_BAD_CHARACTER);
	refused("\xEE\x80\x80", NAME_BAD_CHARACTER);     /* private use */
	refused("\xF3\xB0\x80\x80", NAME_BAD_CHARACTER); /* private use, plane 15 */
	refused("\xCD\xB8", NAME_BAD_CHARACTER);         /* unassigned: U+0378 */
	refused("\xEF\xBF\xBE", NAME_BAD_CHARACTER);     /* not a character: U+FFFE */
	refused("a\xE2\x80\xA8"
		"b",
		NAME_BAD_CHARACTER);                 /* line separator */
	refused("\xED\xA0\x80", NAME_BAD_CHARACTER); /* not UTF-8, should it ever come this far */
}

static void names_are_not_buried_under_marks(void **state)
{
	(void)state;
	assert_name("q" ACUTE ACUTE ACUTE, NAME_OK, "q" ACUTE ACUTE ACUTE, "q" ACUTE ACUTE ACUTE);
	refused("q" ACUTE ACUTE ACUTE ACUTE, NAME_TOO_MANY_MARKS);
	assert_name("qq" ACUTE ACUTE "q" ACUTE ACUTE, NAME_OK, "qq" ACUTE ACUTE "q" ACUTE ACUTE, "qq" ACUTE ACUTE "q" ACUTE ACUTE);
	refused(ACUTE "q", NAME_BAD_CHARACTER); /* nothing to sit on */
}

static void empty_names_are_refused(void **state)
{
	(void)state;
	refused("", NAME_EMPTY);
	refused("   ", NAME_EMPTY);
	refused(NBSP IDEOGRAPHIC, NAME_EMPTY);
	refused(HANGUL_FILLER, NAME_EMPTY); /* a letter that shows nothing */
}

static void length_is_measured_after_cleaning(void **state)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;

	(void)state;
	assert_int_equal(text_clean_name("  abc  ", 7, 3, &shown, &key), NAME_OK);
	assert_int_equal(text_clean_name("abcd", 4, 3, &shown, &key), NAME_TOO_LONG);
	assert_int_equal(shown.len, 3);
	assert_int_equal(key.len, 3);
	assert_int_equal(text_clean_name("abcd", 4, 0, &shown, &key), NAME_OK);
	assert_int_equal(shown.len, 7); /* appended to what was there */
}

static void names_like_ids_are_refused(void **state)
{
	(void)state;
	refused("0b9f3b62-5c0e-4f0e-9d53-2f1c7a4be001", NAME_LOOKS_LIKE_ID);
	refused(" 0B9F3B62-5C0E-4F0E-9D53-2F1C7A4BE001 ", NAME_LOOKS_LIKE_ID);
	refused("\xEF\xBC\x90"
		"b9f3b62-5c0e-4f0e-9d53-2f1c7a4be001",
		NAME_LOOKS_LIKE_ID); /* a wide zero */
	assert_name("0b9f3b62-5c0e-4f0e-9d53-2f1c7a4be00", NAME_OK, "0b9f3b62-5c0e-4f0e-9d53-2f1c7a4be00",
		    "0b9f3b62-5c0e-4f0e-9d53-2f1c7a4be00");
}

static void every_fault_has_a_sentence(void **state)
{
	(void)state;
	for (unsigned f = NAME_OK; f <= NAME_LOOKS_LIKE_ID; f++)
		assert_true(strlen(name_fault_text((enum name_fault)f)) > 5);
}

static void bytes_are_utf8_or_not(void **state)
{
	static const char *const good[] = {"", "a", "\xc3\xa4", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\xff", "a\xc3", "\xc3\x28", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
	assert_true(text_is_utf8("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_lose_control_characters_only),
		cmocka_unit_test(names_are_trimmed_folded_and_composed),
		cmocka_unit_test(names_that_look_alike_have_one_key),
		cmocka_unit_test(names_with_unfit_characters_are_refused),
		cmocka_unit_test(names_are_not_buried_under_marks),
		cmocka_unit_test(empty_names_are_refused),
		cmocka_unit_test(length_is_measured_after_cleaning),
		cmocka_unit_test(names_like_ids_are_refused),
		cmocka_unit_test(every_fault_has_a_sentence),
		cmocka_unit_test(bytes_are_utf8_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
