/* What handlers say about a request that the decoder let pass. */
#include "chat_house.h"

#include <string.h>

/* What a handler finds wrong names the member as the decoder does. */
static void test_faults_name_the_member(void **state)
{
	(void)state;
	static const struct {
		const char *frame, *message;
	} faults[] = {
		{"\"room.list\",\"data\":{\"after\":\"\\u0001\"}", "data.after: "},
		{"\"room.create\",\"data\":{\"name\":\"\\u0001\"}", "data.name: "},
		{"\"room.update\",\"data\":{\"room\":\"r1\",\"name\":\"\\u0001\"}", "data.name: "},
		{"\"bot.create\",\"data\":{\"name\":\"\\u0001\"}", "data.name: "},
		{"\"account.create\",\"data\":{\"name\":\"\\u0001\",\"password\":\"correct horse\"}", "data.name: "},
		{"\"account.login\",\"data\":{\"name\":\"\\u0001\",\"password\":\"correct horse\"}", "data.name: "},
		{"\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"x\",\"reply_to\":99}", "data.reply_to: "},
		{"\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"\\u0001\"}", "data.text: "},
		{"\"history.read\",\"data\":{\"room\":\"r1\",\"before\":0}", "data.before: "},
		{"\"admin.bot\",\"data\":{\"name\":\"nobody\",\"renew\":true}", "data.name: "},
		{"\"admin.owner\",\"data\":{\"name\":\"nobody\"}", "data.name: "},
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
		if (!message || strncmp(message, faults[i].message, strlen(faults[i].message)) != 0)
			fail_msg("%s: %s", faults[i].frame, message);
	}
	say(unknown, "{\"ref\":\"guest\",\"type\":\"session.start\",\"data\":{\"guest\":\"\\u0001\"}}");
	fixture_run(&h.f, -1);
	assert_int_equal(strncmp(json_string_value(json_object_get(data_of(unknown, "guest"), "message")), "data.guest: ", 12), 0);
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_name_the_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
