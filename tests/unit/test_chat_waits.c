/* A wait for the store (command/wait_store.h) frees everything at each of its ends: refused, failed, or with its client gone. */
#include "chat_place.h"

#include <errno.h>
#include <unistd.h>

/* Commands of ann, who owns the den and made an account; each waits for the store once at least. */
static const struct {
	const char *type, *data, *done;
} commands[] = {
	{"message.send", "{\"room\":\"den\",\"text\":\"x\"}", "ok"},
	{"history.read", "{\"room\":\"den\"}", "ok"},
	{"read.mark", "{\"room\":\"den\",\"seq\":4000}", "ok"},
	{"room.create", "{\"name\":\"new\",\"topic\":\"t\"}", "ok"},
	{"room.update", "{\"room\":\"den\",\"name\":\"lair\",\"topic\":\"t\"}", "ok"},
	{"member.add", "{\"room\":\"den\",\"user\":\"eve\"}", "ok"},
	{"room.join", "{\"room\":\"plaza\"}", "ok"},
	{"room.get", "{\"room\":\"plaza\"}", "ok"},
	{"room.list", "{\"after\":\"den\"}", "ok"},
	{"room.members", "{\"room\":\"den\"}", "ok"},
	{"room.leave", "{\"room\":\"den\"}", "ok"},
	{"bot.create", "{\"name\":\"robot\"}", "ok"},
	{"account.login", "{\"name\":\"bob\",\"password\":\"12345678\"}", "wrong_credentials"},
	{"account.create", "{\"name\":\"zoe\",\"password\":\"12345678\"}", "ok"},
	{"account.logout", "{\"everywhere\":true}", "ok"},
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* ann has a place for one more room, so a place that is not given back shows. */
static struct conn *begin(struct place *p)
{
	place_setup(p);
	held_store_add_room(p->f.store, "plaza", ROOM_PUBLIC, p->bob);
	p->f.config.limits.user_rooms = 3;
	fixture_start(&p->f);
	return fixture_signed_in(&p->f, p->ann_token);
}

/* Turns until nothing is under way, up to a minute of real time: passwords are hashed on another thread, which does not follow the test's clock. */
static void settle(struct place *p)
{
	enum { NAP_US = 1000, NAPS_MAX = 60000 };
	for (int i = 0; i < NAPS_MAX; i++) {
		fixture_run(&p->f, -1);
		if (chat_pending(p->f.chat) == 0)
			return;
		usleep(NAP_US);
	}
	fail_msg("something under way does not end");
}

/* The code of the answer. */
static const char *answer(struct place *p, struct conn *c, const char *ref, size_t i)
{
	say(c, "{\"ref\":\"%s\",\"type\":\"%s\",\"data\":%s}", ref, commands[i].type, commands[i].data);
	settle(p);
	return code_of(c, ref);
}

static void a_refused_command_leaves_nothing_and_can_be_done(void **state)
{
	static const int faults[] = {-EBUSY, -EIO};
	(void)state;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		struct place p = {0};
		struct conn *ann = begin(&p);
		for (size_t k = 0; k < sizeof(faults) / sizeof(faults[0]); k++) {
			p.f.store->refuses = faults[k] == -EBUSY ? -EBUSY : 0;
			p.f.store->fault = faults[k];
			assert_string_equal(answer(&p, ann, k ? "failed" : "busy", i), k ? "internal" : "unavailable");
		}
		p.f.store->refuses = 0;
		p.f.store->fault = 0;
		assert_string_equal(answer(&p, ann, "done", i), commands[i].done);
		fixture_finish(&p.f);
	}
}

static void a_command_whose_client_is_gone_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		struct place p = {0};
		struct conn *ann = begin(&p);
		say(ann, "{\"type\":\"%s\",\"data\":%s}", commands[i].type, commands[i].data);
		assert_int_equal(chat_pending(p.f.chat), 1);
		fake_conn_close_session(ann);
		settle(&p);
		fixture_finish(&p.f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_command_leaves_nothing_and_can_be_done),
		cmocka_unit_test(a_command_whose_client_is_gone_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
