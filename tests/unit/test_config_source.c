/* The sources of options, the faults in each source, and options that contradict each other. */
#include "config_parse.h"

static void write_file(char path[], const char *text, size_t n)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static uint64_t number_of(const struct parsed *p, const char *name)
{
	const struct config_option *o = config_table_find(name, strlen(name), CONFIG_SPELLING_FILE);
	assert_non_null(o);
	return config_table_number((struct config *)(uintptr_t)&p->config, o);
}

/* A default gives way to what was given; two that were given are the operator's. */
static void a_default_gives_way_to_what_was_given(void **state)
{
	(void)state;
	static const struct {
		const char *given, *value, *fitted;
		uint64_t used;
	} cases[] = {
		{"--limit-idle-ms", "9000", "heartbeat-ms", 4000},         {"--limit-idle-ms", "60000", "heartbeat-ms", 25000},
		{"--limit-idle-ms", "0", "heartbeat-ms", 25000},           {"--limit-idle-ms", "113", "heartbeat-ms", 50},
		{"--limit-frame-bytes", "3384", "limit-text-bytes", 1000}, {"--limit-frame-bytes", "3384", "limit-topic-bytes", 500},
		{"--limit-frame-bytes", "0", "limit-text-bytes", 8000},    {"--limit-frame-bytes", "500", "limit-user-rooms", 1000},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed *p = parse(WORDS(cases[i].given, cases[i].value), NULL);
		assert_string_equal(p->fault, "");
		assert_int_equal(number_of(p, cases[i].fitted), cases[i].used);
		finish(p);
	}
	struct parsed *p = parse(WORDS("--limit-idle-ms=9000", "--heartbeat-ms=3999"), NULL);
	assert_int_equal(number_of(p, "heartbeat-ms"), 3999);
	finish(p);
}

static void options_that_contradict_each_other_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *one, *other, *fault;
	} cases[] = {
		{"--heartbeat-ms=4001", "--limit-idle-ms=9000",
		 "--heartbeat-ms 4001 needs a --limit-idle-ms of at least 9003, which is 9000: two pings come, each up to an eighth late, before a silent "
		 "connection is closed"},
		{"--limit-idle-ms=112", "--drain-ms=1",
		 "--heartbeat-ms 50 (its least) needs a --limit-idle-ms of at least 113, which is 112: "},
		{"--limit-text-bytes=60000", "--drain-ms=1",
		 "--limit-text-bytes 60000 needs a --limit-frame-bytes of at least 180384, which is 65536 by default: JSON may write a letter in three times "
		 "its bytes"},
		{"--limit-topic-bytes=1000", "--limit-frame-bytes=3000",
		 "--limit-topic-bytes 1000 needs a --limit-frame-bytes of at least 3384"},
		{"--limit-name-bytes=30000", "--drain-ms=1", "--limit-name-bytes 30000 needs a --limit-frame-bytes of at least 90384"},
		{"--limit-signal-bytes=30000", "--drain-ms=1", "--limit-signal-bytes 30000 needs a --limit-frame-bytes of at least 90384"},
		{"--limit-password-bytes=1000", "--limit-sign-in-bytes=2000",
		 "--limit-password-bytes 1000 needs a --limit-sign-in-bytes of at least 3384"},
		{"--limit-user-rooms=2000", "--limit-frame-bytes=200000", NULL},
		{"--limit-user-rooms=2000", "--drain-ms=1",
		 "--limit-user-rooms 2000 needs a --limit-frame-bytes of at least 112384, which is 65536 by default: "},
		{"--limit-user-rooms=4000", "--limit-frame-bytes=400000",
		 "--limit-user-rooms 4000 needs a --limit-sign-in-bytes of at least 224384"},
		{"--limit-stream-rooms=64", "--limit-head-bytes=4096",
		 "--limit-stream-rooms 64 needs a --limit-head-bytes of at least 7168"},
		{"--limit-text-bytes=0", "--limit-frame-bytes=1000", NULL},
		{"--limit-text-bytes=89128960", "--limit-frame-bytes=0", NULL},
		{"--listen=127.0.0.1:80", "--listen-ops=127.0.0.1:80", "--listen-ops: 127.0.0.1:80 is listened on already, by --listen"},
		{"--listen=unix:/x", "--listen=unix:/x", "--listen: unix:/x is listened on already, by --listen"},
		{"--listen=[::1]:80", "--listen=[0:0::1]:80", "--listen: [0:0::1]:80 is listened on already, by --listen"},
		{"--listen=127.0.0.1:0", "--listen=127.0.0.1:0", NULL},
		{"--listen=:80", "--listen-ops=127.0.0.1:80", "--listen-ops: 127.0.0.1:80 is listened on already, by --listen :80"},
		{"--listen=127.0.0.1:80", "--listen=127.0.0.2:80", NULL},
		{"--listen-ops=127.0.0.1:8080", "--drain-ms=1", NULL}, /* sockets may be handed over in place of the default */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed *p = parse(WORDS(cases[i].one, cases[i].other), NULL);
		if (strncmp(p->fault, cases[i].fault ? cases[i].fault : "", cases[i].fault ? strlen(cases[i].fault) : 1))
			fail_msg("%s %s: %s", cases[i].one, cases[i].other, p->fault);
		assert_int_equal(p->outcome, cases[i].fault ? CONFIG_FAULT : CONFIG_RUN);
		finish(p);
	}
}

static void a_flag_outweighs_the_environment_the_file_and_the_default(void **state)
{
	(void)state;
	static const char text[] =
		"# comment\n\n  guests = off\r\nlisten = 1.2.3.4:1\nlisten=1.2.3.4:2\n\tdrain-ms=5\nheartbeat-ms =\t100\nlimit-text-bytes = 3";
	char path[] = "/tmp/parley-config-XXXXXX";
	write_file(path, text, sizeof(text) - 1);
	char variable[64];
	snprintf(variable, sizeof(variable), "PARLEY_CONFIG=%s", path);
	struct parsed *p = parse(NO_WORDS, WORDS(variable, "PARLEY_DRAIN_MS=6", "PARLEY_GUESTS=", "PARLEY_TOKEN=the client's",
						 "PARLEY_SERVER=the client's", "PARLEY_PORT=tcp://10.0.0.1:8080",
						 "PARLEY_PORT_8080_TCP=Kubernetes'", "PARLEY_SERVICE_HOST=10.0.0.1"));
	assert_string_equal(p->fault, "");
	assert_false(p->config.guests); /* an empty variable is none */
	assert_int_equal(p->config.n_listen, 2);
	assert_true(p->config.listen_given);
	assert_int_equal(p->config.drain_ms, 6);
	assert_int_equal(p->config.heartbeat_ms, 100);
	assert_int_equal(p->config.limits.text_bytes, 3);
	finish(p);
	p = parse(WORDS("--config", path, "--drain-ms=7", "--drain-ms=8"), WORDS("PARLEY_DRAIN_MS=6", "PARLEY_LISTEN=:5,unix:/y,:6"));
	assert_int_equal(p->config.n_listen, 3); /* the weightier list replaces the other */
	assert_int_equal(p->config.listen[2].port, 6);
	assert_int_equal(p->config.drain_ms, 8);
	finish(p);
	p = parse(WORDS("--config", path, "--listen=:9"), WORDS("PARLEY_LISTEN=:5"));
	assert_int_equal(p->config.n_listen, 1);
	assert_int_equal(p->config.listen[0].port, 9);
	finish(p);
	unlink(path);
}

/* As Kubernetes makes them for the services parley, parley-ops and parley-web. */
static void variables_of_services_are_no_options(void **state)
{
	(void)state;
	const char *const of_services[] = {"PARLEY_PORT=tcp://10.0.0.1:8080",
					   "PARLEY_SERVICE_PORT=8080",
					   "PARLEY_OPS_SERVICE_HOST=10.0.0.2",
					   "PARLEY_OPS_SERVICE_PORT=9080",
					   "PARLEY_OPS_SERVICE_PORT_METRICS=9080",
					   "PARLEY_OPS_PORT=tcp://10.0.0.2:9080",
					   "PARLEY_OPS_PORT_9080_TCP=tcp://10.0.0.2:9080",
					   "PARLEY_OPS_PORT_9080_TCP_PROTO=tcp",
					   "PARLEY_OPS_PORT_9080_TCP_PORT=9080",
					   "PARLEY_OPS_PORT_9080_TCP_ADDR=10.0.0.2",
					   "PARLEY_WEB_PORT=udp://10.0.0.3:80"};
	for (size_t i = 0; i < sizeof(of_services) / sizeof(of_services[0]); i++) {
		struct parsed *p = parse(NO_WORDS, WORDS(of_services[i]));
		assert_string_equal(p->fault, "");
		finish(p);
	}
	const char *const misspelled[] = {"PARLEY_PORT=8080", "PARLEY_LISTEN_PORT=8080", "PARLEY_SERVICE=x", "PARLEY_REUSE_PORTS=on"};
	for (size_t i = 0; i < sizeof(misspelled) / sizeof(misspelled[0]); i++) {
		struct parsed *p = parse(NO_WORDS, WORDS(misspelled[i]));
		assert_non_null(strstr(p->fault, ": there is no such option; see --help"));
		finish(p);
	}
	struct parsed *p = parse(NO_WORDS, WORDS("PARLEY_REUSE_PORT=on"));
	assert_true(p->config.reuse_port);
	finish(p);
}

static void a_fault_in_the_file_names_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{"drain-ms = 1\n\nguests = maybe\n", ":3: guests: \"maybe\" is not \"on\" or \"off\""},
		{"guests = off\n#\nguests = off\n", ":3: guests is given twice, first on line 1"},
		{"data = /x\r\ntls-cert = /y\r\ndata = /z\r\n", ":3: data is given twice, first on line 1"},
		{"data = \"/srv/x\"", ":1: data: \"/srv/x\" is in quotes, and they would be part of it: leave them out"},
		{"guests = 'off'", ":1: guests: 'off' is in quotes, and they would be part of it: leave them out"},
		{"data = /srv/x # the data",
		 ":1: data: /srv/x # the data has a # behind it, and what follows would be part of it: a note has a line of its own"},
		{"drain-ms = 5\t# ms",
		 ":1: drain-ms: 5\t# ms has a # behind it, and what follows would be part of it: a note has a line of its own"},
		{"data = ~/parley",
		 ":1: data: \"~/parley\" is not a path that is written out: only a shell replaces ~ and $NAME (write ./ before a name that begins so)"},
		{"web-dir = $HOME/web",
		 ":1: web-dir: \"$HOME/web\" is not a path that is written out: only a shell replaces ~ and $NAME (write ./ before a name that begins so)"},
		{"listen = unix:~/x",
		 ":1: listen: \"unix:~/x\" is not an address like 127.0.0.1:8080, [::1]:8080, :8080 or unix:/path (of at most 107 bytes, written out)"},
		{"limit-text-bytes = 8k", ":1: limit-text-bytes: \"8k\" is not a whole number from 0 to 267386880"},
		{"--guests = off", ":1: there is no option \"--guests\" for this file"},
		{"config = x", ":1: there is no option \"config\" for this file"},
		{"help = x", ":1: there is no option \"help\" for this file"},
		{"\nguests off", ":2: \"guests off\" is not of the form `name = value`"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[] = "/tmp/parley-config-XXXXXX", expected[CONFIG_FAULT_BYTES];
		write_file(path, cases[i].text, strlen(cases[i].text));
		snprintf(expected, sizeof(expected), "%s%s", path, cases[i].fault);
		expect_fault(WORDS("--config", path), NULL, expected);
		unlink(path);
	}
	char path[] = "/tmp/parley-config-XXXXXX", expected[CONFIG_FAULT_BYTES];
	write_file(path, "guests\0= off", 12);
	snprintf(expected, sizeof(expected), "--config: %s is not a text file", path);
	expect_fault(WORDS("--config", path), NULL, expected);
	unlink(path);
}

static struct parsed *parse_file(const char *text, size_t n)
{
	char path[] = "/tmp/parley-config-XXXXXX";
	write_file(path, text, n);
	struct parsed *p = parse(WORDS("--config", path), NULL);
	unlink(path);
	return p;
}

static void a_byte_order_mark_is_passed_over_or_named(void **state)
{
	(void)state;
	static const char marked[] = "\xEF\xBB\xBFguests = off\r\nlisten = :1\r\nlisten = :2\r\n", utf16[] = "\xFF\xFEg\0u\0";
	struct parsed *p = parse_file(marked, sizeof(marked) - 1);
	assert_string_equal(p->fault, "");
	assert_false(p->config.guests);
	assert_int_equal(p->config.n_listen, 2);
	finish(p);
	p = parse_file(utf16, sizeof(utf16) - 1);
	assert_non_null(strstr(p->fault, " is not a text file of UTF-8: it is saved as UTF-16"));
	finish(p);
}

/* As files for `docker run --env-file` and carriage returns leave them. */
static void values_of_variables_are_looked_at_like_those_of_the_file(void **state)
{
	(void)state;
	expect_fault(NO_WORDS, WORDS("PARLEY_DATA=\"/srv/x\""),
		     "PARLEY_DATA: \"/srv/x\" is in quotes, and they would be part of it: leave them out");
	expect_fault(NO_WORDS, WORDS("PARLEY_DATA=/srv/x # here"),
		     "PARLEY_DATA: /srv/x # here has a # behind it, and what follows would be part of it: a note has a line of its own");
	expect_fault(NO_WORDS, WORDS("PARLEY_DATA=/srv/x\r"),
		     "PARLEY_DATA: \"/srv/x\r\" is not a path without control characters (a file with CRLF at the ends of its lines?)");
	expect_fault(NO_WORDS, WORDS("PARLEY_DATA=/srv/x "), "PARLEY_DATA: \"/srv/x \" is not a path without blanks at its ends");
	struct parsed *p = parse(WORDS("--data=/srv/a #b", "--web-dir=./~x"), NULL); /* a flag has no notes */
	assert_string_equal(p->fault, "");
	assert_string_equal(p->config.data_dir, "/srv/a #b");
	assert_string_equal(p->config.web_dir, "./~x");
	finish(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_default_gives_way_to_what_was_given),
		cmocka_unit_test(options_that_contradict_each_other_are_named),
		cmocka_unit_test(variables_of_services_are_no_options),
		cmocka_unit_test(a_flag_outweighs_the_environment_the_file_and_the_default),
		cmocka_unit_test(a_fault_in_the_file_names_its_line),
		cmocka_unit_test(a_byte_order_mark_is_passed_over_or_named),
		cmocka_unit_test(values_of_variables_are_looked_at_like_those_of_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
