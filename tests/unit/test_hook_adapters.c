/*
 * What each adapter makes of recorded shapes: hook/golden/ADAPTER/NAME.json gives NAME.txt. The part of NAME before the first dot is what the head names the
 * event; NAME.template is the hook's template. The text stands behind lines of what else the post asks for ("name: …", "icon: …").
 */
#include "cmocka_wrap.h"

#include "example_files.h"
#include "hook/adapter.h"
#include "hook/hook_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *golden; /* the folder; set once by main() */

static struct text text_of_json(const json_t *string)
{
	return (struct text){.s = json_string_value(string), .n = json_string_length(string)};
}

static void append_outcome(struct buf *out, enum hook_result result, const struct hook_post *post)
{
	static const char *const words[] = {
		[HOOK_POST] = "", [HOOK_NOTHING] = "(nothing)", [HOOK_NO_TEXT] = "(no text)", [HOOK_INVALID_PAYLOAD] = "(invalid payload)"};

	buf_append_str(out, words[result]);
	if (post->name.len > 0)
		buf_appendf(out, "name: %.*s\n", (int)post->name.len, post->name.data);
	if (post->icon.len > 0)
		buf_appendf(out, "icon: %.*s\n", (int)post->icon.len, post->icon.data);
	if (post->text.len > 0)
		buf_append(out, post->text.data, post->text.len);
}

static enum hook_result read_as(const char *adapter, struct hook_input in, struct buf *out)
{
	struct hook_post post = {0};
	enum hook_result result = adapter_read(adapter_find(adapter), &in, &post);

	append_outcome(out, result, &post);
	buf_append_byte(out, '\0');
	hook_post_finish(&post);
	return result;
}

static json_t *read_template(const char *adapter, const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s/%s.template", golden, adapter, name);
	return access(path, R_OK) == 0 ? example_files_read_text(path) : NULL;
}

static void check_one(const char *adapter, const char *file, const json_t *body)
{
	char path[512], name[256];
	auto_buf out = BUF_INIT;

	snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(".json")), file);
	snprintf(path, sizeof path, "%s/%s/%s.txt", golden, adapter, name);
	json_auto_t *expected = example_files_read_text(path), *template_text = read_template(adapter, name);
	struct hook_input in = {.body = text_of_json(body),
				.event = {.s = name, .n = strcspn(name, ".")},
				.template_text = template_text ? text_of_json(template_text) : (struct text){0}};
	read_as(adapter, in, &out);
	if (strcmp((const char *)out.data, json_string_value(expected)) != 0)
		fail_msg("%s/%s gives\n%s\nand not\n%s", adapter, name, (const char *)out.data, json_string_value(expected));
}

static void every_recorded_post_reads_as_it_says(void **state)
{
	static const char *const names[] = {"slack", "github", "gitlab", "alertmanager", "discord", "generic"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		json_auto_t *posts = example_files_read_folder(golden, names[i], false);
		const char *file;
		json_t *body;

		assert_non_null(adapter_find(names[i]));
		assert_true(json_object_size(posts) > 0);
		json_object_foreach(posts, file, body)
			check_one(names[i], file, body);
	}
}

#define READS(adapter, json, expected) reads(adapter, json, sizeof(json) - 1, expected)

static void reads(const char *adapter, const char *json, size_t n, const char *expected)
{
	auto_buf out = BUF_INIT;

	read_as(adapter, (struct hook_input){.body = {.s = json, .n = n}, .event = {.s = "push", .n = 4}}, &out);
	assert_string_equal((const char *)out.data, expected);
}

static void what_is_no_object_of_json_is_invalid(void **state)
{
	static const char *const names[] = {"slack", "github", "gitlab", "alertmanager", "discord", "generic"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		READS(names[i], "", "(invalid payload)");
		READS(names[i], "[]", "(invalid payload)");
		READS(names[i], "null", "(invalid payload)");
		READS(names[i], "payload=%7B%7D", "(invalid payload)");
		READS(names[i], "{\"text\":\"a\",\"text\":\"b\"}", "(invalid payload)");
		READS(names[i], "{\"text\":\"a\\u0000b\"}", "(invalid payload)");
		READS(names[i], "{\"text\":\"\\ud800\"}", "(invalid payload)");
		READS(names[i], "{\"text\":1e999}", "(invalid payload)");
		READS(names[i], "{\"text\":\"\xff\"}", "(invalid payload)");
	}
}

static void reads_nested(int n_levels, const char *expected)
{
	auto_buf json = BUF_INIT;

	buf_append_str(&json, "{\"text\":\"x\",\"a\":");
	for (int i = 1; i < n_levels; i++)
		buf_append_byte(&json, '[');
	for (int i = 1; i < n_levels; i++)
		buf_append_byte(&json, ']');
	buf_append_byte(&json, '}');
	reads("slack", (const char *)json.data, json.len, expected);
}

static void deep_nesting_is_invalid(void **state)
{
	(void)state;
	reads_nested(HOOK_JSON_DEPTH_MAX, "x");
	reads_nested(HOOK_JSON_DEPTH_MAX + 1, "(invalid payload)");
	reads_nested(30000, "(invalid payload)");
}

static void members_of_other_types_count_as_absent(void **state)
{
	(void)state;
	READS("slack", "{\"text\":5,\"blocks\":{},\"attachments\":\"x\"}", "(no text)");
	READS("slack", "{\"text\":null,\"blocks\":null,\"attachments\":[null,7,{\"fields\":null,\"blocks\":[1]}]}", "(no text)");
	READS("slack", "{\"text\":\"x\",\"username\":[],\"icon_emoji\":0}", "x");
	READS("github", "{\"commits\":{}}", "(nothing)");
	READS("gitlab", "{\"object_kind\":\"issue\",\"object_attributes\":[]}", "(nothing)");
	READS("alertmanager", "{\"alerts\":[1,null,{\"labels\":[],\"annotations\":7}]}", "**3 firing**\n• firing: \n• firing: \n• firing:");
	READS("discord", "{\"content\":false,\"embeds\":[{\"fields\":[3]}]}", "(no text)");
}

static void a_byte_order_mark_is_skipped(void **state)
{
	(void)state;
	READS("slack", "\xEF\xBB\xBF{\"text\":\"x\"}", "x");
}

static void what_people_see_is_clean(void **state)
{
	(void)state;
	READS("slack", "{\"text\":\" \\u001b[31mred\\u0007 \\n\"}", "[31mred");
	READS("slack", "{\"text\":\"\\u0007\"}", "(no text)");
	READS("slack", "{\"text\":\"x\",\"username\":\"a\\u202eb\"}", "x");
	READS("slack", "{\"text\":\"x\",\"username\":\"  two  lines \"}", "name: two lines\nx");
	READS("slack", "{\"text\":\"x\",\"username\":\"two\\nlines\"}", "x");
	READS("slack", "{\"text\":\"x\",\"icon_emoji\":\":a b:\",\"icon_url\":\"https://x.org/i.png\"}", "x");
	READS("slack", "{\"text\":\"x\",\"icon_url\":\"javascript:alert(1)\"}", "x");
	READS("slack", "{\"text\":\"x\",\"icon_url\":\"https://x.org/i.png\"}", "icon: https://x.org/i.png\nx");
}

static void a_long_name_is_cut_between_characters(void **state)
{
	auto_buf json = BUF_INIT;
	struct hook_post post = {0};

	(void)state;
	buf_append_str(&json, "{\"text\":\"x\",\"username\":\"x");
	for (int i = 0; i < 100; i++)
		buf_append_str(&json, "é");
	buf_append_str(&json, "\"}");
	struct hook_input in = {.body = hook_text_of(&json)};
	assert_int_equal(adapter_read(adapter_find("slack"), &in, &post), HOOK_POST);
	assert_int_equal(post.name.len, HOOK_NAME_BYTES_MAX - 1);
	hook_post_finish(&post);
}

static void a_text_is_bounded_whatever_the_template(void **state)
{
	auto_buf json = BUF_INIT, line = BUF_INIT;
	struct hook_post post = {0};

	(void)state;
	buf_append_str(&json, "{\"a\":\"");
	for (int i = 0; i < HOOK_TEXT_BYTES_MAX - 100; i++)
		buf_append_byte(&json, 'x');
	buf_append_str(&json, "\"}");
	for (int i = 0; i < 1000; i++)
		buf_append_str(&line, "{a}");
	struct hook_input in = {.body = hook_text_of(&json), .template_text = hook_text_of(&line), .may_mention = true};
	assert_int_equal(adapter_read(adapter_find("generic"), &in, &post), HOOK_POST);
	assert_int_equal(post.text.len, HOOK_TEXT_BYTES_MAX);
	hook_post_finish(&post);
}

static void a_text_is_bounded_with_what_keeps_it_from_mentioning(void **state)
{
	auto_buf json = BUF_INIT;
	struct hook_post post = {0};

	(void)state;
	buf_append_str(&json, "{\"text\":\"");
	for (int i = 0; i < HOOK_TEXT_BYTES_MAX; i++)
		buf_append_byte(&json, '@');
	buf_append_str(&json, "\"}");
	struct hook_input in = {.body = hook_text_of(&json)};
	assert_int_equal(adapter_read(adapter_find("slack"), &in, &post), HOOK_POST);
	assert_int_equal(post.text.len, HOOK_TEXT_BYTES_MAX);
	hook_post_finish(&post);
}

static void mentions_stay_where_the_hook_may_mention(void **state)
{
	auto_buf out = BUF_INIT;
	struct text body = {.s = "{\"text\":\"<!here> @ann\"}", .n = 23};

	(void)state;
	read_as("slack", (struct hook_input){.body = body, .may_mention = true}, &out);
	assert_string_equal((const char *)out.data, "@here @ann");
	buf_clear(&out);
	read_as("slack", (struct hook_input){.body = body}, &out);
	assert_string_equal((const char *)out.data, "@\u200ahere @\u200aann");
}

static void github_says_in_the_head_what_it_sends(void **state)
{
	auto_buf out = BUF_INIT;

	(void)state;
	assert_int_equal(read_as("github", (struct hook_input){.body = {.s = "{}", .n = 2}}, &out), HOOK_INVALID_PAYLOAD);
	assert_null(adapter_find("Slack"));
	assert_null(adapter_find(""));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test_hook_adapters GOLDEN_FOLDER\n");
		return 2;
	}
	golden = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_post_reads_as_it_says),
		cmocka_unit_test(what_is_no_object_of_json_is_invalid),
		cmocka_unit_test(deep_nesting_is_invalid),
		cmocka_unit_test(members_of_other_types_count_as_absent),
		cmocka_unit_test(a_byte_order_mark_is_skipped),
		cmocka_unit_test(what_people_see_is_clean),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
		cmocka_unit_test(a_text_is_bounded_whatever_the_template),
		cmocka_unit_test(a_text_is_bounded_with_what_keeps_it_from_mentioning),
		cmocka_unit_test(mentions_stay_where_the_hook_may_mention),
		cmocka_unit_test(github_says_in_the_head_what_it_sends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
