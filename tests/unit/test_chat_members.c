/* Members that others add, and owners that leave: the store and memory stay the same, with anything under way meanwhile. */
#include "chat_place.h"

#include <errno.h>
#include <string.h>

/* bob's sign-in, read before `frame` of ann's was committed and answered after. What bob hears as his rooms. */
static json_t *sign_in_across(struct place *p, struct conn *ann, const char *frame, enum store_op_kind kind)
{
	struct conn *bob = fixture_websocket(&p->f);
	say(bob, "{\"ref\":\"in\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", p->bob_token);
	struct store_op *read = held_store_find(p->f.store, STORE_SIGN_IN);
	assert_non_null(read);
	held_store_work(p->f.store, read);
	say(ann, "%s", frame);
	struct store_op *write = held_store_find(p->f.store, kind);
	assert_non_null(write);
	held_store_deliver(p->f.store, write);
	held_store_deliver(p->f.store, read);
	fixture_run(&p->f, -1);
	return json_object_get(data_of(bob, "in"), "rooms");
}

static void who_signs_in_while_being_added_has_the_room(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *ann = fixture_signed_in(&p.f, p.ann_token);
	json_t *rooms = sign_in_across(&p, ann, "{\"ref\":\"a\",\"type\":\"member.add\",\"data\":{\"room\":\"cellar\",\"user\":\"bob\"}}",
				       STORE_JOIN);
	assert_string_equal(code_of(ann, "a"), "ok");
	assert_int_equal(json_array_size(rooms), 2);
	fixture_finish(&p.f);
}

static void who_signs_in_while_a_room_passes_on_owns_it(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *ann = fixture_signed_in(&p.f, p.ann_token);
	json_t *rooms = sign_in_across(&p, ann, "{\"ref\":\"l\",\"type\":\"room.leave\",\"data\":{\"room\":\"den\"}}", STORE_LEAVE);
	assert_string_equal(code_of(ann, "l"), "ok");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rooms, 0), "role")), "owner");
	fixture_finish(&p.f);
}

/* All sessions of the added user follow the room from the joining on; the number of members is right. */
static void who_is_added_follows_the_room_on_every_session(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *ann = fixture_signed_in(&p.f, p.ann_token);
	struct conn *bobs[] = {fixture_signed_in(&p.f, p.bob_token), fixture_signed_in(&p.f, p.bob_token)};
	ask(&p, ann, "{\"ref\":\"a\",\"type\":\"member.add\",\"data\":{\"room\":\"cellar\",\"user\":\"bob\"}}");
	ask(&p, ann, "{\"ref\":\"m\",\"type\":\"message.send\",\"data\":{\"room\":\"cellar\",\"text\":\"x\"}}");
	for (size_t i = 0; i < 2; i++) {
		json_t *added;
		assert_int_equal(heard(bobs[i], "room.added", &added), 1);
		assert_int_equal(number_of(json_object_get(added, "data"), "members"), 2);
		assert_int_equal(heard(bobs[i], "message.created", NULL), 1);
		assert_int_equal(heard(bobs[i], "member.joined", NULL), 0);
	}
	assert_int_equal(heard(ann, "member.joined", NULL), 1);
	fixture_finish(&p.f);
}

/* ann, who is in the den with a guest who has just signed out. */
static struct conn *start_beside_a_guest_who_signs_out(struct place *p)
{
	char gus_token[80];
	place_setup(p);
	held_store_add_member(p->f.store, p->den, held_store_add_guest(p->f.store, "gus", gus_token));
	fixture_start(&p->f);
	struct conn *ann = fixture_signed_in(&p->f, p->ann_token), *guest = fixture_signed_in(&p->f, gus_token);
	ask(p, guest, "{\"ref\":\"o\",\"type\":\"account.logout\"}");
	return ann;
}

/* A guest who signs out is in no room a second later: everybody is told, and the numbers are right. */
static void a_guest_who_signs_out_leaves_the_rooms(void **state)
{
	(void)state;
	struct place p = {0};
	struct conn *ann = start_beside_a_guest_who_signs_out(&p);
	fixture_pass_ms(&p.f, 1100); /* the housekeeping's time comes */
	fixture_run(&p.f, -1);
	assert_int_equal(heard(ann, "member.left", NULL), 1);
	ask(&p, ann, "{\"ref\":\"g\",\"type\":\"room.get\",\"data\":{\"room\":\"den\"}}");
	assert_int_equal(number_of(json_object_get(data_of(ann, "g"), "room"), "members"), 2);
	size_t n_looks = p.f.store->n_submitted[STORE_GUESTS_END];
	fixture_pass_ms(&p.f, 5000);
	assert_int_equal(p.f.store->n_submitted[STORE_GUESTS_END], n_looks); /* no commit without a cause */
	fixture_finish(&p.f);
}

/* A failed step is tried again soon, not in the next hour, because the disk may have been full at that moment. */
static void guests_whose_step_failed_leave_with_a_later_one(void **state)
{
	(void)state;
	struct place p = {0};
	struct conn *ann = start_beside_a_guest_who_signs_out(&p);
	p.f.store->fault = -EAGAIN;
	fixture_pass_ms(&p.f, 1100);
	fixture_run(&p.f, -1);
	p.f.store->fault = 0;
	assert_int_equal(heard(ann, "member.left", NULL), 0);
	fixture_pass_ms(&p.f, 65000);
	fixture_run(&p.f, -1);
	assert_int_equal(heard(ann, "member.left", NULL), 1);
	fixture_finish(&p.f);
}

/* An old name finds its account, as at a sign-in, although the rules for new names refuse it. */
static void an_account_is_added_by_a_name_that_would_be_refused_today(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	uint64_t no = held_store_add_user(p.f.store, "old");
	memory_store_change(p.f.store->real, "UPDATE account SET name_key = '\xe2\xa0\x80' WHERE no = %llu",
			    (unsigned long long)no); /* shows nothing */
	fixture_start(&p.f);
	struct conn *ann = fixture_signed_in(&p.f, p.ann_token);
	ask(&p, ann, "{\"ref\":\"a\",\"type\":\"member.add\",\"data\":{\"room\":\"cellar\",\"user\":\"\xe2\xa0\x80\"}}");
	assert_string_equal(code_of(ann, "a"), "ok");
	fixture_finish(&p.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_signs_in_while_being_added_has_the_room),
		cmocka_unit_test(who_signs_in_while_a_room_passes_on_owns_it),
		cmocka_unit_test(a_guest_who_signs_out_leaves_the_rooms),
		cmocka_unit_test(guests_whose_step_failed_leave_with_a_later_one),
		cmocka_unit_test(an_account_is_added_by_a_name_that_would_be_refused_today),
		cmocka_unit_test(who_is_added_follows_the_room_on_every_session),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
