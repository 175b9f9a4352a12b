/* What handlers say about a request that the decoder accepted. */
#include "chat_house.h"

#include <string.h>

/* A handler names the member of a fault the way the decoder does: in `field`, and in the message, in words for people where people fill it in. */
static void a_fault_names_the_member(void **state)
{
	(void)state;
	static const struct {
		const char *frame, *field, *message;
	} faults[] = {
		{"\"room.create\",\"data\":{\"name\":\"\\u0001\"}", "name", "the name has a character that names cannot have"},
		{"\"room.update\",\"data\":{\"room\":\"r1\",\"name\":\"\\u0001\"}", "name",
		 "the name has a character that names cannot have"},
		{"\"bot.create\",\"data\":{\"name\":\"\\u0001\"}", "name", "the name has a character that names cannot have"},
		{"\"account.create\",\"data\":{\"name\":\"\\u0001\",\"password\":\"correct horse\"}", "name",
		 "the name has a character that names cannot have"},
		{"\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"x\",\"reply_to\":99}", "reply_to",
		 "the message that this one answers is not in this room"},
		{"\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"\\u0001\"}", "text", "the message must not be empty"},
		{"\"history.read\",\"data\":{\"room\":\"r1\",\"before\":0}", "before", "data.before: "},
		{"\"admin.bot\",\"data\":{\"name\":\"nobody\",\"renew\":true}", "name", "there is no bot with this name"},
		{"\"admin.owner\",\"data\":{\"name\":\"nobody\"}", "name", "there is no such account"},
	};
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	struct conn *ann = h.writer, *unknown = fixture_websocket(&h.f);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		ann->session->operator_socket = strstr(faults[i].frame, "admin.") != NULL;
		say(ann, "{\"ref\":\"%zu\",\"type\":%s}", i, faults[i].frame);
		fixture_run(&h.f, -1);
		char ref[24];
		snprintf(ref, sizeof(ref), "%zu", i);
		const char *message = json_string_value(json_object_get(data_of(ann, ref), "message"));
		const char *field = json_string_value(json_object_get(data_of(ann, ref), "field"));
		if (!field != !faults[i].field || (field && strcmp(field, faults[i].field) != 0))
			fail_msg("%s: field %s", faults[i].frame, field);
		if (!message || strncmp(message, faults[i].message, strlen(faults[i].message)) != 0)
			fail_msg("%s: %s", faults[i].frame, message);
	}
	say(unknown, "{\"ref\":\"guest\",\"type\":\"session.start\",\"data\":{\"guest\":\"\\u0001\"}}");
	fixture_run(&h.f, -1);
	assert_string_equal(json_string_value(json_object_get(data_of(unknown, "guest"), "message")),
			    "the name has a character that names cannot have");
	assert_string_equal(json_string_value(json_object_get(data_of(unknown, "guest"), "field")), "guest");
	fixture_finish(&h.f);
}

/* What people fill in is refused in words for people, with the member beside them for programs. */
static void what_people_typed_is_refused_in_words_for_them(void **state)
{
	(void)state;
	static const struct {
		const char *frame, *field, *message;
	} faults[] = {
		{"\"session.start\",\"data\":{\"guest\":\"\"}", "guest", "the name must not be empty"},
		{"\"session.start\",\"data\":{\"guest\":\"   \"}", "guest", "the name must not be empty"},
		{"\"session.start\",\"data\":{\"guest\":\"123456789\"}", "guest",
		 "the name is too long: it has 9 bytes, and may have 8 (a letter takes one to four)"},
		{"\"session.start\",\"data\":{\"guest\":\"a\\u200db\"}", "guest",
		 "the name has an invisible character where it has no effect; type the name instead of pasting it"},
		{"\"account.create\",\"data\":{\"name\":\"bob\",\"password\":\"\"}", "password", "the password must not be empty"},
		{"\"account.create\",\"data\":{\"name\":\"bob\",\"password\":\"1234567\"}", "password",
		 "the password is too short: 8 letters are long enough"},
		{"\"account.create\",\"data\":{\"name\":\"bob\",\"password\":\"12345678901234567\"}", "password",
		 "the password is too long: it has 17 bytes, and may have 16 (a letter takes one to four)"},
		{"\"account.create\",\"data\":{\"name\":\"bob\",\"password\":\"1234\\u200b5678\"}", "password",
		 "the password has a character that passwords cannot have, an invisible one perhaps"},
		{"\"account.create\",\"data\":{\"password\":\"12345678\"}", "name", "data.name: required"}, /* a program's fault */
	};
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	h.f.chat->config.limits.name_bytes = 8;
	h.f.chat->config.limits.password_bytes = 16;
	struct conn *unknown = fixture_websocket(&h.f);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		say(unknown, "{\"ref\":\"%zu\",\"type\":%s}", i, faults[i].frame);
		fixture_run(&h.f, -1);
		char ref[24];
		snprintf(ref, sizeof(ref), "%zu", i);
		json_t *data = data_of(unknown, ref);
		assert_string_equal(json_string_value(json_object_get(data, "message")), faults[i].message);
		assert_string_equal(json_string_value(json_object_get(data, "field")), faults[i].field);
	}
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_typed_is_refused_in_words_for_them),
		cmocka_unit_test(a_fault_names_the_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
