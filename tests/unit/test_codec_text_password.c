#include "cmocka_wrap.h"

#include "codec/text_password.h"

#include <string.h>

static void assert_prepared(const char *raw, const char *expected)
{
	auto_buf out = BUF_INIT;

	buf_append_str(&out, "+");
	if (!text_password(raw, strlen(raw), &out))
		fail_msg("%s was refused", raw);
	buf_append_byte(&out, 0);
	assert_string_equal((const char *)out.data + 1, expected);
}

static void assert_same(const char *raw)
{
	assert_prepared(raw, raw);
}

static void assert_refused(const char *raw, size_t n)
{
	auto_buf out = BUF_INIT;

	buf_append_str(&out, "+");
	if (text_password(raw, n, &out))
		fail_msg("%s was taken", raw);
	assert_int_equal(out.len, 1);
}

#define REFUSED(raw) assert_refused(raw, sizeof(raw) - 1)

/* RFC 8265, section 4.3. */
static void the_examples_of_the_rfc_are_prepared_as_it_says(void **state)
{
	(void)state;
	assert_same("correct horse battery staple");
	assert_same("Correct Horse Battery Staple");
	assert_same("\u03C0\u00DF\u00E5");
	assert_same("Jack of \u2666s");
	assert_prepared("foo\u1680bar", "foo bar");
	REFUSED("");
	REFUSED("my cat is a \tby");
}

static void a_password_is_the_same_from_every_keyboard(void **state)
{
	(void)state;
	assert_prepared("e\u0301", "\u00E9");
	assert_prepared("\u1112\u1161\u11AB\u1100\u1173\u11AF", "\uD55C\uAE00"); /* Korean as a Mac sends it */
	assert_prepared("\u00A0a\u3000", " a ");                                 /* a blank at an end is one all the same */
	assert_same("\uFF21A");                                                  /* width and case stay */
}

static void what_no_password_may_have_is_refused(void **state)
{
	(void)state;
	REFUSED("a\0b");
	REFUSED("a\x7f");
	REFUSED("a\u200Bb");     /* invisible */
	REFUSED("\u2764\uFE0F"); /* a variation selector */
	REFUSED("\u1100");       /* half a Korean syllable */
	REFUSED("\uE000");       /* private use */
	REFUSED("a\u0378");      /* unassigned */
	REFUSED("a\u2028b");     /* a line separator */
	REFUSED("a\u0640");      /* tatweel, and what else RFC 5892 never allows */
	REFUSED("a\u303B");
	REFUSED("\xff");
}

/* RFC 5892, appendix A. */
static void some_characters_need_others_beside_them(void **state)
{
	(void)state;
	assert_same("l\u00B7l");
	REFUSED("l\u00B7");
	REFUSED("\u00B7l");
	assert_same("\u0375\u03B1");
	REFUSED("\u0375a");
	assert_same("\u05D0\u05F3");
	assert_same("\u05D0\u05F4");
	REFUSED("a\u05F3");
	assert_same("\u30A2\u30FB");
	REFUSED("a\u30FB");
	assert_same("\u0661\u0662");
	assert_same("\u06F1\u06F2");
	REFUSED("\u0661\u06F2");
	assert_same("\u0915\u094D\u200D");
	assert_same("\u0915\u094D\u200C\u0937");
	assert_same("\u0645\u06CC\u200C\u062E");
	REFUSED("a\u200Db");
	REFUSED("a\u200Cb");
}

/* Sorting marks takes the square of their number. */
static void marks_without_end_are_refused(void **state)
{
	char raw[1 + 2 * 40 + 1] = "a";

	(void)state;
	for (size_t i = 0; i < 30; i++)
		strcat(raw, i % 2 ? "\u0301" : "\u0323");
	auto_buf out = BUF_INIT;
	assert_true(text_password(raw, strlen(raw), &out));
	strcat(raw, "\u0323");
	assert_refused(raw, strlen(raw));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_rfc_are_prepared_as_it_says),
		cmocka_unit_test(a_password_is_the_same_from_every_keyboard),
		cmocka_unit_test(what_no_password_may_have_is_refused),
		cmocka_unit_test(some_characters_need_others_beside_them),
		cmocka_unit_test(marks_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
