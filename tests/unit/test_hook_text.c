/* Words of others: Slack's and Discord's markup, templates, text that is no markup, mentions. */
#include "cmocka_wrap.h"

#include "codec/text_template.h"
#include "hook/adapter.h"
#include "hook/discord_markup.h"
#include "hook/hook_mentions.h"
#include "hook/hook_template.h"
#include "hook/hook_text.h"
#include "hook/slack_markup.h"

#include <string.h>

#define THIN "\u200a"

enum { SILENT_BYTES = 200 };

typedef void (*writer)(struct buf *out, struct text t);

static void gives(writer write, const char *raw, const char *expected)
{
	auto_buf out = BUF_INIT;

	write(&out, (struct text){.s = raw, .n = strlen(raw)});
	buf_append_byte(&out, '\0');
	assert_string_equal((const char *)out.data, expected);
}

static void silence(struct buf *out, struct text t)
{
	hook_mentions_silence(out, t, SILENT_BYTES);
}

#define SLACK(raw, expected) gives(slack_markup_append, raw, expected)
#define PLAIN(raw, expected) gives(slack_plain_append, raw, expected)
#define DISCORD(raw, expected) gives(discord_markup_append, raw, expected)
#define LITERAL(raw, expected) gives(hook_text_literal, raw, expected)
#define LINE(raw, expected) gives(hook_text_line, raw, expected)
#define QUIET(raw, expected) gives(silence, raw, expected)

static void slack_marks_become_markdown(void **state)
{
	(void)state;
	SLACK("*bold* _italic_ ~gone~ `code`", "**bold** *italic* ~~gone~~ `code`");
	SLACK("*_both_*", "***both***");
	SLACK("(*bold*), _it_!", "(**bold**), *it*!");
	SLACK("*a * b*", "**a ∗ b**");
	SLACK("*two words*\n*next*", "**two words**\n**next**");
}

static void what_slack_shows_as_it_is_stays_no_markup(void **state)
{
	(void)state;
	SLACK("a*b*c snake_case_name", "a∗b∗c snake_case_name");
	SLACK("*not\nclosed*", "∗not\nclosed∗");
	SLACK("* a list *", "∗ a list ∗");
	SLACK("2 * 3 * 4", "2 ∗ 3 ∗ 4");
	SLACK("**x**", "∗∗x∗∗");
	SLACK("a ` tick and\nanother `", "a ˋ tick and\nanother ˋ");
	SLACK("*a _b* c_", "**a _b** c_");
	SLACK("<https://x.org>*", "https://x.org∗");
}

static void slack_links_become_words_and_addresses(void **state)
{
	(void)state;
	SLACK("<https://x.org/a>", "https://x.org/a");
	SLACK("<https://x.org/a|the page>", "the page (https://x.org/a)");
	SLACK("<https://x.org/a|x.org/a>", "https://x.org/a");
	SLACK("<https://x.org/?a=1&amp;b=2|q>", "q (https://x.org/?a=1&b=2)");
	SLACK("*<https://x.org|bold link>*", "**bold link (https://x.org)**");
	SLACK("<mailto:ann@x.org|ann@x.org>", "ann@x.org");
	SLACK("<javascript:alert(1)|click>", "<javascript:alert(1)|click>");
	SLACK("<https://x.org|*a*>", "∗a∗ (https://x.org)");
	SLACK("https://x.org/*a*`b", "https://x.org/%2Aa%2A%60b");
	SLACK("*https://x.org/a_b_c*", "**https://x.org/a_b_c**");
	SLACK("a < b > c <", "a < b > c <");
	SLACK("<>", "<>");
}

static void slack_references_become_words(void **state)
{
	(void)state;
	SLACK("<!channel> <!here|here> <!everyone>", "@channel @here @everyone");
	SLACK("<@U012> <@U012|ann>", "@U012 @ann");
	SLACK("<#C012|general> <#C012>", "#general #C012");
	SLACK("<!subteam^S1|@devs> <!date^1392734382^{date}|Feb 18>", "@devs Feb 18");
}

static void slack_entities_are_decoded_once(void **state)
{
	(void)state;
	SLACK("&lt;b&gt; &amp;lt; &quot; & &amp", "<b> &lt; &quot; & &amp");
	SLACK("&lt;!channel&gt;", "<!channel>");
	SLACK("`&lt;a&gt;`", "`<a>`");
}

static void slack_code_stays_code(void **state)
{
	(void)state;
	SLACK("`*a* _b_ <https://x.org|x.org>`", "`*a* _b_ https://x.org`");
	SLACK("before ```one\ntwo``` after", "before \n```\none\ntwo\n```\n after");
	SLACK("```x```", "`x`");
	SLACK("``` not closed", "ˋˋˋ not closed");
	SLACK("``", "ˋˋ");
}

static void slack_plain_text_has_no_marks(void **state)
{
	(void)state;
	PLAIN("*a* `b` &amp; <https://x.org|x>", "∗a∗ ˋbˋ & x (https://x.org)");
}

static void discord_markup_becomes_words(void **state)
{
	(void)state;
	DISCORD("**b** *i* `c`", "**b** *i* `c`");
	DISCORD("[docs](https://x.org/d) [no](javascript:x) [a](b", "docs (https://x.org/d) [no](javascript:x) [a](b");
	DISCORD("<https://x.org> <@123> <@!123> <@&9> <#5>", "https://x.org @123 @123 @9 #5");
	DISCORD("<:ok:123> <a:wave:5> <t:86400:R> <t:x> <b>", ":ok: :wave: 1970-01-02 00:00 UTC <t:x> <b>");
	DISCORD("`<@123>` ```\n[a](https://x.org)\n```", "`<@123>` ```\n[a](https://x.org)\n```");
	DISCORD("<t:999999999999:F>", "33658-09-27 01:46 UTC");
}

static void literal_text_reads_as_it_is_and_is_no_markup(void **state)
{
	(void)state;
	LITERAL("**a** `b`", "∗∗a∗∗ ˋbˋ");
	LITERAL("see https://x.org/*/`", "see https://x.org/%2A/%60");
	LINE("  two\r\n\tlines ", "two lines");
	LINE("", "");
}

static void a_long_line_is_cut_but_no_address(void **state)
{
	char raw[400];
	auto_buf out = BUF_INIT;

	(void)state;
	memset(raw, 'x', sizeof raw);
	hook_text_line(&out, (struct text){.s = raw, .n = sizeof raw});
	assert_int_equal(out.len, HOOK_LINE_BYTES_MAX + strlen("…"));
	buf_clear(&out);
	memcpy(raw, "https://", 8);
	hook_text_line(&out, (struct text){.s = raw, .n = sizeof raw});
	assert_int_equal(out.len, sizeof raw);
}

static void nobody_is_mentioned(void **state)
{
	(void)state;
	QUIET("@ann", "@" THIN "ann");
	QUIET("see (@ann) and *@ann*", "see (@" THIN "ann) and *@" THIN "ann*");
	QUIET("ann@x.org", "ann@x.org");
	QUIET("é@ann ＠ann ﹫ann", "é@" THIN "ann ＠" THIN "ann ﹫" THIN "ann");
	QUIET("x＠ann", "x＠" THIN "ann");
	QUIET("https://a@ann http://@ann", "https://a%40ann http://%40ann");
	QUIET("mailto:a@x.org@ann mailto:@ann", "mailto:a@x.org%40ann mailto:%40ann");
	QUIET("https://a\"@ann", "https://a\"@" THIN "ann");
}

static void addresses_and_code_keep_their_at_signs(void **state)
{
	(void)state;
	QUIET("https://m.org/@ann @ann", "https://m.org/@ann @" THIN "ann");
	QUIET("(https://m.org:8080/a?b=@c#@d)", "(https://m.org:8080/a?b=@c#@d)");
	QUIET("`@ann` @ann `b @c`", "`@ann` @" THIN "ann `b @c`");
	QUIET("a\n```sh\n@ann ` b\n```\n@ann", "a\n```sh\n@ann ` b\n```\n@" THIN "ann");
}

static void what_may_be_no_address_or_no_code_is_silenced(void **state)
{
	(void)state;
	/* Hosts and ports that are none, and addresses that the page may not begin here. */
	QUIET("https://ann@m.org/ https://1.2.3.4.5/@a https://m.org:99999/@a",
	      "https://ann%40m.org/ https://1.2.3.4.5/%40a https://m.org:99999/%40a");
	QUIET("xhttps://m.org/@a .https://m.org/@a https://m.org/(@a", "xhttps://m.org/%40a .https://m.org/%40a https://m.org/(%40a");
	/* Backticks that pair over lines, that have no other, and a fence without an end. */
	QUIET("` a\n`@ann`", "` a\n`@" THIN "ann`");
	QUIET("a `@ann", "a `@" THIN "ann");
	QUIET("``@ann` `@ann", "``@ann` `@" THIN "ann");
	QUIET("```\n@ann", "```\n@" THIN "ann");
	QUIET("```\n``` x\n@ann", "```\n``` x\n@" THIN "ann");
	QUIET("\u202a```\n@ann\n```\n`@ann`", "\u202a```\n@" THIN "ann\n```\n`@" THIN "ann`");
	QUIET("`\u202a` `@ann`", "`\u202a` `@" THIN "ann`");
	QUIET("``\u202a`\n@ann\n```\n@ann\n```", "``\u202a`\n@" THIN "ann\n```\n@" THIN "ann\n```");
	QUIET("```\u00a0\n@ann\n```\n@ann\n```", "```\u00a0\n@" THIN "ann\n```\n@" THIN "ann\n```");
}

static void code_that_may_lose_its_end_is_silenced(void **state)
{
	char raw[SILENT_BYTES + 40];
	auto_buf out = BUF_INIT;

	(void)state;
	memset(raw, 'x', sizeof raw);
	memcpy(raw, "```\n@ann\n", 9);
	memcpy(raw + SILENT_BYTES, "\n```\n", 5);
	silence(&out, (struct text){.s = raw, .n = sizeof raw});
	assert_memory_equal(out.data, "```\n@" THIN "ann\n", 12);
	memcpy(raw + SILENT_BYTES / 2, "\n```\n", 5);
	buf_clear(&out);
	silence(&out, (struct text){.s = raw, .n = sizeof raw});
	assert_memory_equal(out.data, raw, sizeof raw);
}

static void after_as_many_marks_as_are_shown_all_is_silenced(void **state)
{
	auto_buf raw = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 500; i++)
		buf_append_str(&raw, "a*b ");
	buf_append_str(&raw, "`@ann` https://m.org/@ann");
	hook_mentions_silence(&out, hook_text_of(&raw), raw.len * 2);
	assert_memory_equal(out.data + 2000, "`@" THIN "ann` https://m.org/%40ann", out.len - 2000);
}

static void expands(const char *template_text, const char *json, const char *expected)
{
	auto_buf out = BUF_INIT;
	json_auto_t *root = json_loads(json, 0, NULL);

	hook_template_line(&out, template_text, root);
	buf_append_byte(&out, '\0');
	assert_string_equal((const char *)out.data, expected);
}

static void a_template_takes_values_by_their_path(void **state)
{
	(void)state;
	expands("{a} {b.c} {d.1} {d.0.e}", "{\"a\":\"x\",\"b\":{\"c\":7},\"d\":[{\"e\":true},null,2.5]}", "x 7  true");
	expands("{d.2} {n} {o}", "{\"d\":[0,0,2.5],\"n\":-3,\"o\":{\"p\":[1]}}", "2.5 -3 {\"p\":[1]}");
	expands("[{missing}{a.b}{d.9}{d.x}{d.-1}{d.99999999999999999999}{}{.}{..}]", "{\"a\":1,\"d\":[1]}", "[]");
	expands("{labels.app.kubernetes.io/name}", "{\"labels\":{\"app.kubernetes.io/name\":\"web\"}}", "web");
	expands("{ a }", "{\"a\":\"x\"}", "x");
}

static void braces_of_a_template_can_be_written(void **state)
{
	(void)state;
	expands("{{a}} {{{a}}}", "{\"a\":\"x\"}", "{a} {x}");
	expands("{a", "{\"a\":\"x\"}", "{a");
	expands("a} {", "{}", "a} {");
	expands("{a}{", "{\"a\":\"{a}\"}", "{a}{");
}

static void an_open_brace_of_a_template_is_found(void **state)
{
	static const char *const closed[] = {"", "a", "{a}", "{{", "{{a", "a}", "{{{a}}}", "}}{a}", "{}"};
	static const char *const open[] = {"{", "{a", "a} {", "{a}{", "{{{a", "{a} {b"};
	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		assert_true(text_template_is_closed((struct text){closed[i], strlen(closed[i])}));
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		assert_false(text_template_is_closed((struct text){open[i], strlen(open[i])}));
}

static void as_is(struct buf *out, struct text value)
{
	buf_append(out, value.s, value.n);
}

static void a_template_stops_where_the_text_is_long_enough(void **state)
{
	auto_buf line = BUF_INIT, value = BUF_INIT, out = BUF_INIT;
	json_auto_t *root = json_object();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_append_str(&line, "{a}");
		buf_append_str(&value, "twenty bytes of text");
	}
	json_object_set_new(root, "a", json_stringn((const char *)value.data, value.len));
	hook_template_append(&out, hook_text_of(&line), root, as_is);
	assert_in_range(out.len, HOOK_TEXT_BYTES_MAX, HOOK_TEXT_BYTES_MAX + value.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slack_marks_become_markdown),
		cmocka_unit_test(what_slack_shows_as_it_is_stays_no_markup),
		cmocka_unit_test(slack_links_become_words_and_addresses),
		cmocka_unit_test(slack_references_become_words),
		cmocka_unit_test(slack_entities_are_decoded_once),
		cmocka_unit_test(slack_code_stays_code),
		cmocka_unit_test(slack_plain_text_has_no_marks),
		cmocka_unit_test(discord_markup_becomes_words),
		cmocka_unit_test(literal_text_reads_as_it_is_and_is_no_markup),
		cmocka_unit_test(a_long_line_is_cut_but_no_address),
		cmocka_unit_test(nobody_is_mentioned),
		cmocka_unit_test(addresses_and_code_keep_their_at_signs),
		cmocka_unit_test(what_may_be_no_address_or_no_code_is_silenced),
		cmocka_unit_test(code_that_may_lose_its_end_is_silenced),
		cmocka_unit_test(after_as_many_marks_as_are_shown_all_is_silenced),
		cmocka_unit_test(a_template_takes_values_by_their_path),
		cmocka_unit_test(braces_of_a_template_can_be_written),
		cmocka_unit_test(an_open_brace_of_a_template_is_found),
		cmocka_unit_test(a_template_stops_where_the_text_is_long_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
