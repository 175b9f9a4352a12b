#include "cmocka_wrap.h"

#include "codec/text_clean.h"

#include <string.h>

#define E_ACUTE "\xC3\xA9"         /* é */
#define ACUTE "\xCC\x81"           /* a combining acute accent */
#define NBSP "\xC2\xA0"            /* no-break space */
#define IDEOGRAPHIC "\xE3\x80\x80" /* a wide space */
#define RLO "\xE2\x80\xAE"         /* right-to-left override */
#define ZWJ "\xE2\x80\x8D"         /* zero-width joiner */
#define ZWNJ "\xE2\x80\x8C"        /* zero-width non-joiner */
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

/* As it was written, and the same when it is cleaned again. */
static void taken(const char *raw)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT, found = BUF_INIT;

	enum name_fault fault = text_clean_name(raw, strlen(raw), 0, &shown, &key);
	if (fault != NAME_OK)
		fail_msg("%s %s", raw, name_fault_text(fault));
	assert_int_equal(shown.len, strlen(raw));
	assert_memory_equal(shown.data, raw, shown.len);
	text_name_key(raw, strlen(raw), &found);
	assert_int_equal(found.len, key.len);
	assert_memory_equal(found.data, key.data, key.len);
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
	refused("\xEE\x80\x80", NAME_BAD_CHARACTER);     /* private use */
	refused("\xF3\xB0\x80\x80", NAME_BAD_CHARACTER); /* private use, plane 15 */
	refused("\xEF\xBF\xBE", NAME_BAD_CHARACTER);     /* not a character: U+FFFE */
	refused("a\xE2\x80\xA8"
		"b",
		NAME_BAD_CHARACTER);                 /* line separator */
	refused("\xED\xA0\x80", NAME_BAD_CHARACTER); /* not UTF-8, should it ever come this far */
}

static void joiners_are_taken_where_a_language_needs_them(void **state)
{
	(void)state;
	assert_name("\u0645\u06CC" ZWNJ "\u062E\u0648\u0627\u0647\u0645", NAME_OK, "\u0645\u06CC" ZWNJ "\u062E\u0648\u0627\u0647\u0645",
		    "\u0645\u06CC\u062E\u0648\u0627\u0647\u0645");   /* Persian; the key is without */
	taken("\u0639\u0644\u06CC\u0651" ZWNJ "\u0631\u0636\u0627"); /* a mark between the letter and the joiner */
	taken("\u0627\u0645\u06CC\u0631" ZWNJ "\u0639\u0644\u06CC"); /* Persian: Amir-Ali, where it joins nothing anyway */
	taken("\u0DC1\u0DCA" ZWJ "\u0DBB\u0DD3");                    /* Sinhala: Sri */
	taken("\u0D05\u0D28\u0D3F\u0D32\u0D4D" ZWJ); /* Malayalam: Anil, with its L as it was written before it had a letter */
	taken("\u0930\u094D" ZWJ "\u092F");          /* Marathi */
	taken("\u0915\u094D" ZWNJ "\u0937");         /* two letters that would be one */
	taken("\u09B0" ZWJ "\u09CD\u09AF\u09BE\u099A\u09C7\u09B2"); /* Bengali: Rachel */
	taken("\u1830\u1820\u1837\u180E\u1820");                    /* Mongolian */
	taken("\u845B\U000E0100\u98FE");                            /* Japanese: a form of the sign in Katsushika */
	refused("a" ZWJ "b", NAME_INVISIBLE_CHARACTER);
	refused("a" ZWNJ "b", NAME_INVISIBLE_CHARACTER);
	refused("\u0645\u06CC" ZWNJ, NAME_INVISIBLE_CHARACTER);               /* nothing behind it */
	refused("\u0645\u06CC" ZWNJ ZWNJ "\u062E", NAME_INVISIBLE_CHARACTER); /* twice */
	refused("\u0915\u094D" ZWJ "\u093F", NAME_INVISIBLE_CHARACTER);       /* before a vowel sign */
	refused(ZWJ, NAME_INVISIBLE_CHARACTER);
	refused("Ann\u180E", NAME_INVISIBLE_CHARACTER);
	refused("Ann\u200B", NAME_BAD_CHARACTER); /* a zero-width space */
	refused("\u200EAnn", NAME_BAD_CHARACTER); /* a mark of direction */
}

static void emoji_are_taken_whole(void **state)
{
	(void)state;
	taken("\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"); /* a family */
	taken("\U0001F469\U0001F3FD\u200D\U0001F4BB");                       /* with a skin tone */
	taken("\u2764\uFE0F\u200D\U0001F525");                               /* with a variation selector */
	taken("\U0001F3F3\uFE0F\u200D\u26A7\uFE0F");
	taken("1\uFE0F\u20E3");                                                          /* a keycap */
	taken("\U0001F1EB\U0001F1F7");                                                   /* a country */
	taken("\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F"); /* Scotland */
	refused("\U0001F468\u200D", NAME_INVISIBLE_CHARACTER);
	refused("a\u200D\U0001F468", NAME_INVISIBLE_CHARACTER);
	refused("\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074", NAME_INVISIBLE_CHARACTER); /* without its end */
	refused("\U0001F468\U000E0067\U000E0062\U000E0073\U000E007F", NAME_INVISIBLE_CHARACTER);           /* tags on no flag */
	refused("a\U000E0061\U000E0062\U000E0063\U000E007F", NAME_INVISIBLE_CHARACTER);                    /* hidden text */
}

/* What no table knows is a letter, and its key stays when a later table knows it. Those that will be invisible are reserved already. */
static void characters_newer_than_the_tables_are_letters(void **state)
{
	(void)state;
	assert_name("A\u0378B", NAME_OK, "A\u0378B", "a\u0378b");
	assert_name("\U00010D50\U00010D70", NAME_OK, "\U00010D50\U00010D70",
		    "\U00010D50\U00010D70"); /* Garay, Unicode 16: a capital and its small letter */
	assert_name("e\u1ADD\u0323\u0301", NAME_OK, "e\u1ADD\u0323\u0301",
		    "e\u1ADD\u0323\u0301"); /* may be a mark one day, which would be sorted behind the other */
	refused("\u2065", NAME_BAD_CHARACTER);
	refused("a\U000E0FFF", NAME_BAD_CHARACTER);
}

static void a_name_is_found_by_its_key_whatever_the_tables_say(void **state)
{
	auto_buf key = BUF_INIT;

	(void)state;
	text_name_key("  \u200BAnn \u2067 B ", strlen("  \u200BAnn \u2067 B "), &key);
	buf_append_byte(&key, 0);
	assert_string_equal((const char *)key.data, "ann  b");
	buf_clear(&key);
	text_name_key("\xff", 1, &key);
	text_name_key(" ", 1, &key);
	assert_int_equal(key.len, 0);
}

static void names_that_show_nothing_are_refused(void **state)
{
	(void)state;
	refused("\u2800 \u2800", NAME_EMPTY);                     /* blanks of Braille */
	assert_name("a\u2800b", NAME_OK, "a\u2800b", "a\u2800b"); /* as it was always kept */
}

static void names_are_not_buried_under_marks(void **state)
{
	(void)state;
	assert_name("q" ACUTE ACUTE ACUTE ACUTE, NAME_OK, "q" ACUTE ACUTE ACUTE ACUTE, "q" ACUTE ACUTE ACUTE ACUTE);
	refused("q" ACUTE ACUTE ACUTE ACUTE ACUTE, NAME_TOO_MANY_MARKS);
	taken("\u1019\u103B\u102D\u102F\u1038\u1019\u103B\u102D\u102F\u1038"); /* Burmese: four signs on a letter, two with a place of their own */
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
		cmocka_unit_test(joiners_are_taken_where_a_language_needs_them),
		cmocka_unit_test(emoji_are_taken_whole),
		cmocka_unit_test(characters_newer_than_the_tables_are_letters),
		cmocka_unit_test(a_name_is_found_by_its_key_whatever_the_tables_say),
		cmocka_unit_test(names_that_show_nothing_are_refused),
		cmocka_unit_test(names_are_not_buried_under_marks),
		cmocka_unit_test(empty_names_are_refused),
		cmocka_unit_test(length_is_measured_after_cleaning),
		cmocka_unit_test(names_like_ids_are_refused),
		cmocka_unit_test(every_fault_has_a_sentence),
		cmocka_unit_test(bytes_are_utf8_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
