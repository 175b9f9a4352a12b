/* Every kind of member that a schema can have, also those that no command uses yet: the decoder with the tables of another protocol (other_protocol/). */
#include "cmocka_wrap.h"

#include "codec/request_decode.h"

#include <stdlib.h>
#include <string.h>

#define ID "6a1d3c50-8a39-4c51-a3a7-90a1c6d2e001"
#define ID_2 "6a1d3c50-8a39-4c51-a3a7-90a1c6d2e002"

struct world {
	struct limits limits;
	struct request request;
	struct request_fault fault;
};

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->limits = limits_default();
	w->request.command = CMD_COUNT;
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	request_finish(&w->request);
	free(w);
	return 0;
}

static bool decode(struct world *w, const char *data)
{
	request_finish(&w->request);
	return request_decode_data(CMD_POLL_CREATE, (const uint8_t *)data, strlen(data), &w->limits, &w->request, &w->fault);
}

/* With the two members that are required in front. */
static struct data_poll_create *must_decode(struct world *w, const char *members)
{
	char data[1000];

	snprintf(data, sizeof(data), "{\"question\":\"Tea?\",\"answers\":[\"yes\",\"no\"]%s%s}", members[0] != '\0' ? "," : "", members);
	if (!decode(w, data))
		fail_msg("%s: %s", data, w->fault.message);
	return &w->request.data.poll_create;
}

static void must_refuse(struct world *w, const char *members, const char *field, enum wire_error code, const char *message)
{
	char data[1000];

	snprintf(data, sizeof(data), "{\"question\":\"Tea?\",\"answers\":[\"yes\"],%s}", members);
	assert_false(decode(w, data));
	assert_int_equal(w->fault.code, code);
	assert_string_equal(w->fault.field, field);
	assert_string_equal(w->fault.message, message);
}

static void assert_text(struct text text, const char *expected)
{
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.s, expected, text.n);
}

static void a_list_of_texts_is_decoded_in_order(void **state)
{
	const struct data_poll_create *d = must_decode(*state, "");

	assert_int_equal(d->n_answers, 2);
	assert_text(d->answers[0], "yes");
	assert_text(d->answers[1], "no");
}

static void lists_of_ids_names_numbers_and_choices_are_decoded(void **state)
{
	struct world *w = *state;
	struct data_poll_create *d =
		must_decode(w, "\"voters\":[\"" ID "\",\"" ID_2 "\"],\"weights\":[9,1,5],\"moods\":[\"cross\",\"calm\"]");
	struct uid id;

	assert_true(uid_parse(ID_2, strlen(ID_2), &id));
	assert_int_equal(d->n_voters, 2);
	assert_true(uid_equal(&d->voters[1], &id));
	assert_int_equal(d->n_weights, 3);
	assert_int_equal(d->weights[0], 9);
	assert_int_equal(d->weights[2], 5);
	assert_int_equal(d->n_moods, 2);
	assert_int_equal(d->moods[0], MOOD_CROSS);
	assert_int_equal(d->moods[1], MOOD_CALM);
	d = must_decode(w, "\"rooms\":[\"general\",\"" ID "\"]");
	assert_int_equal(d->n_rooms, 2);
	assert_false(d->rooms[0].is_id);
	assert_text(d->rooms[0].name, "general");
	assert_true(d->rooms[1].is_id);
}

static void a_list_that_is_empty_or_left_out_has_none(void **state)
{
	struct world *w = *state;

	assert_int_equal(must_decode(w, "\"weights\":[]")->n_weights, 0);
	assert_non_null(must_decode(w, "\"weights\":[]")->weights);
	assert_null(must_decode(w, "")->weights);
	assert_int_equal(must_decode(w, "")->n_moods, 0);
}

static void a_list_is_refused_with_the_place_in_it(void **state)
{
	struct world *w = *state;

	must_refuse(w, "\"weights\":{}", "weights", WIRE_INVALID_REQUEST, "data.weights: must be an array");
	must_refuse(w, "\"weights\":[1,2,3,4]", "weights", WIRE_TOO_LARGE, "data.weights: 4 values; the limit is 3");
	must_refuse(w, "\"weights\":[1,\"2\"]", "weights", WIRE_INVALID_REQUEST, "data.weights[1]: must be an integer");
	must_refuse(w, "\"weights\":[1,2,0]", "weights", WIRE_INVALID_REQUEST, "data.weights[2]: must be between 1 and 9");
	must_refuse(w, "\"weights\":[null]", "weights", WIRE_INVALID_REQUEST, "data.weights[0]: must be an integer");
	must_refuse(w, "\"voters\":[\"" ID "\",\"x\"]", "voters", WIRE_INVALID_REQUEST, "data.voters[1]: must be a UUID");
	must_refuse(w, "\"moods\":[\"sour\"]", "moods", WIRE_INVALID_REQUEST, "data.moods[0]: must be \"calm\", \"merry\" or \"cross\"");
	must_refuse(w, "\"rooms\":[\"\"]", "rooms", WIRE_INVALID_REQUEST, "data.rooms[0]: must not be empty");
}

static void the_length_of_a_list_may_be_a_limit(void **state)
{
	struct world *w = *state;

	w->limits.stream_rooms = 1;
	must_refuse(w, "\"voters\":[\"" ID "\",\"" ID_2 "\"]", "voters", WIRE_TOO_LARGE,
		    "data.voters: 2 values; the limit (stream_rooms) is 1");
	w->limits.stream_rooms = 0;
	assert_int_equal(must_decode(w, "\"voters\":[\"" ID "\",\"" ID_2 "\"]")->n_voters, 2);
}

static void a_choice_may_have_more_than_two_values_and_any_default(void **state)
{
	struct world *w = *state;

	assert_int_equal(must_decode(w, "")->colour, POLL_CREATE_COLOUR_BLUE);
	assert_int_equal(must_decode(w, "\"colour\":\"dark_grey\"")->colour, POLL_CREATE_COLOUR_DARK_GREY);
	must_refuse(w, "\"colour\":\"grey\"", "colour", WIRE_INVALID_REQUEST,
		    "data.colour: must be \"red\", \"green\", \"blue\" or \"dark_grey\"");
}

static void what_may_be_left_out_tells_whether_it_was(void **state)
{
	struct world *w = *state;
	const struct data_poll_create *d = must_decode(w, "\"most\":null");

	assert_false(d->has_most);
	assert_false(d->has_mood);
	assert_false(d->has_secret);
	d = must_decode(w, "\"most\":0,\"mood\":\"calm\",\"secret\":false");
	assert_true(d->has_most);
	assert_int_equal(d->most, 0);
	assert_true(d->has_mood);
	assert_int_equal(d->mood, MOOD_CALM);
	assert_true(d->has_secret);
	assert_false(d->secret);
}

static void a_rule_counts_lists_too(void **state)
{
	must_refuse(*state, "\"rooms\":[],\"voters\":[]", "voters", WIRE_INVALID_REQUEST, "data.voters: give voters or rooms");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_list_of_texts_is_decoded_in_order),       TEST(lists_of_ids_names_numbers_and_choices_are_decoded),
		TEST(a_list_that_is_empty_or_left_out_has_none), TEST(a_list_is_refused_with_the_place_in_it),
		TEST(the_length_of_a_list_may_be_a_limit),       TEST(a_choice_may_have_more_than_two_values_and_any_default),
		TEST(what_may_be_left_out_tells_whether_it_was), TEST(a_rule_counts_lists_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
