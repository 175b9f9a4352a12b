/* Filters: what they take, and what is none. */
#include "cmocka_wrap.h"

#include "codec/text_clean.h"
#include "store/server_events.h"
#include "subscription/filter.h"

#include <stdio.h>
#include <string.h>

#define ROOM "6a1d3c50-8a39-4c51-a3a7-90a1c6d2e001"
#define OTHER_ROOM "6a1d3c50-8a39-4c51-a3a7-90a1c6d2e002"

static struct event *event_of_room(const char *room, enum event_type type, const char *data)
{
	char json[300];
	snprintf(json, sizeof json, "{\"type\":\"x\",\"data\":%s}", data);
	struct event *e = event_new(json, strlen(json));
	assert_true(uid_parse(room, strlen(room), &e->room));
	e->room_no = 1;
	e->type = type;
	return e;
}

static bool takes(const char *filter, struct event *e)
{
	struct filter f;
	if (!filter_parse(&f, filter))
		fail_msg("%s", filter);
	bool is_taken = filter_takes(&f, e);
	event_free(e);
	return is_taken;
}

static bool takes_type(const char *filter, enum event_type type)
{
	return takes(filter, event_of_room(ROOM, type, "{}"));
}

static bool takes_data(const char *filter, const char *data)
{
	return takes(filter, event_of_room(ROOM, EVENT_MESSAGE_CREATED, data));
}

static void without_members_it_takes_all_events_of_rooms(void **state)
{
	(void)state;
	assert_true(takes_type("{}", EVENT_MESSAGE_CREATED));
	assert_true(takes_type("{}", EVENT_ROOM_CREATED));
}

static void types_are_names_or_beginnings(void **state)
{
	(void)state;
	assert_true(takes_type("{\"types\":[\"message.created\"]}", EVENT_MESSAGE_CREATED));
	assert_false(takes_type("{\"types\":[\"message.created\"]}", EVENT_MEMBER_JOINED));
	assert_true(takes_type("{\"types\":[\"message.created\",\"member.*\"]}", EVENT_MEMBER_LEFT));
	assert_false(takes_type("{\"types\":[\"m*\"]}", EVENT_ROOM_UPDATED));
	assert_true(takes_type("{\"types\":[\"*\"]}", EVENT_ROOM_UPDATED));
}

static void rooms_are_those_of_the_event(void **state)
{
	(void)state;
	static const char filter[] = "{\"rooms\":[\"" ROOM "\"]}";
	assert_true(takes(filter, event_of_room(ROOM, EVENT_MESSAGE_CREATED, "{}")));
	assert_false(takes(filter, event_of_room(OTHER_ROOM, EVENT_MESSAGE_CREATED, "{}")));
}

static void the_author_is_who_wrote_it_else_who_did_it_else_whom_it_is_about(void **state)
{
	(void)state;
	static const char filter[] = "{\"authors\":[\"bot\",\"hook\"]}";
	assert_true(takes_data(filter, "{\"author\":{\"kind\":\"bot\"},\"by\":{\"kind\":\"person\"}}"));
	assert_true(takes_data(filter, "{\"by\":{\"kind\":\"hook\"},\"user\":{\"kind\":\"person\"}}"));
	assert_true(takes_data(filter, "{\"user\":{\"kind\":\"bot\"}}"));
	assert_false(takes_data(filter, "{\"author\":{\"kind\":\"guest\"},\"user\":{\"kind\":\"bot\"}}"));
	assert_false(takes_data(filter, "{}"));
	assert_false(takes_data(filter, "{\"author\":{\"kind\":\"unheard of\"}}"));
}

static void server_wide_events_are_taken_where_it_says_so_and_rooms_do_not_matter(void **state)
{
	(void)state;
	static const struct {
		const char *filter;
		bool takes;
	} rows[] = {
		{"{}", false},
		{"{\"server\":false}", false},
		{"{\"server\":true}", true},
		{"{\"server\":true,\"rooms\":[\"" OTHER_ROOM "\"]}", true},
		{"{\"rooms\":[\"" ROOM "\"]}", false},
		{"{\"server\":true,\"types\":[\"room.*\"]}", false},
		{"{\"server\":true,\"types\":[\"user.*\"],\"authors\":[\"person\"]}", true},
		{"{\"server\":true,\"authors\":[\"bot\"]}", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct event *e = event_of_room(ROOM, EVENT_USER_CREATED, "{\"user\":{\"kind\":\"person\"}}");
		e->room_no = SERVER_EVENTS_ROOM_NO;
		if (takes(rows[i].filter, e) != rows[i].takes)
			fail_msg("%s", rows[i].filter);
	}
}

static void what_is_none_is_refused_with_a_sentence(void **state)
{
	(void)state;
	static const struct {
		const char *filter, *says;
	} rows[] = {
		{"[]", "must be an object"},
		{"{\"type\":[\"*\"]}", "there is no type"},
		{"{\"types\":[]}", "types: must be an array"},
		{"{\"types\":\"message.created\"}", "types: must be an array"},
		{"{\"types\":[1]}", "types: must be an array"},
		{"{\"types\":[\"message.creatd\"]}", "message.creatd"},
		{"{\"types\":[\"typing\"]}", "no event that is remembered is called typing"},
		{"{\"types\":[\"server.notice\"]}", "server.notice"},
		{"{\"types\":[\"\"]}", "is called "},
		{"{\"authors\":[\"robot\"]}", "must be person, bot, guest or hook"},
		{"{\"rooms\":[\"general\"]}", "rooms: must be ids"},
		{"{\"server\":1}", "server: must be true or false"},
		{"{\"types\":[\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9x\xc3\xa9\xc3\xa9\"]}",
		 "is called"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char fault[FILTER_FAULT_BYTES] = "";
		struct filter f;
		json_auto_t *json = json_loads(rows[i].filter, 0, NULL);
		assert_non_null(json);
		assert_false(filter_read(&f, json, fault));
		if (!strstr(fault, rows[i].says) || !text_is_utf8(fault, strlen(fault)))
			fail_msg("%s: %s", rows[i].filter, fault);
		assert_false(filter_parse(&f, rows[i].filter));
	}
}

static void a_filter_has_so_many_rooms_and_no_more(void **state)
{
	(void)state;
	struct filter f;
	char fault[FILTER_FAULT_BYTES];
	json_auto_t *json = json_pack("{s:[]}", "rooms");
	for (int i = 0; i < FILTER_ROOMS_MAX; i++)
		json_array_append_new(json_object_get(json, "rooms"), json_string(ROOM));
	assert_true(filter_read(&f, json, fault));
	json_array_append_new(json_object_get(json, "rooms"), json_string(ROOM));
	assert_false(filter_read(&f, json, fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_members_it_takes_all_events_of_rooms),
		cmocka_unit_test(types_are_names_or_beginnings),
		cmocka_unit_test(rooms_are_those_of_the_event),
		cmocka_unit_test(the_author_is_who_wrote_it_else_who_did_it_else_whom_it_is_about),
		cmocka_unit_test(server_wide_events_are_taken_where_it_says_so_and_rooms_do_not_matter),
		cmocka_unit_test(what_is_none_is_refused_with_a_sentence),
		cmocka_unit_test(a_filter_has_so_many_rooms_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
