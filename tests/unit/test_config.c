#include "config_parse.h"

static void what_is_not_given_has_its_default(void **state)
{
	(void)state;
	struct parsed *p = parse(NO_WORDS, NULL);
	assert_int_equal(p->outcome, CONFIG_RUN);
	const struct config *c = &p->config;
	assert_int_equal(c->n_listen, 1);
	assert_string_equal(c->listen[0].host, "127.0.0.1");
	assert_int_equal(c->listen[0].port, 8080);
	assert_false(c->listen_given);
	assert_string_equal(c->data_dir, "./parley-data");
	assert_true(c->guests);
	assert_null(c->tls_cert);
	assert_int_equal(c->n_origins, 0);
	assert_int_equal(c->log_format, LOG_FORMAT_TEXT);
	assert_int_equal(c->log_level, LOG_LEVEL_INFO);
	assert_int_equal(c->drain_ms, 10000);
	assert_int_equal(c->hsts_seconds, 31536000);
	assert_int_equal(c->heartbeat_ms, 25000);
	struct limits limits = limits_default();
	assert_memory_equal(&c->limits, &limits, sizeof(limits));
	finish(p);
}

static void flags_are_read_in_both_spellings(void **state)
{
	(void)state;
	struct parsed *p = parse(WORDS("--listen", ":0", "--listen=[0:0::1]:443", "--listen=unix:/run/x.sock", "--guests=off",
				       "--limit-frame-bytes", "0", "--log-format=json", "--log-level", "debug", "--tls-cert=c",
				       "--tls-key=k", "--origin=HTTPS://Chat.Example:443", "--origin=http://[::1]:8080",
				       "--origin=https://my_chat.example", "--trusted-proxy=10.0.0.0/8", "--trusted-proxy=fd00::1",
				       "--trusted-proxy=unix", "--proxy-protocol=on", "--reuse-port=on", "--start-moved=on"),
				 NULL);
	assert_string_equal(p->fault, "");
	assert_int_equal(p->outcome, CONFIG_RUN);
	const struct config *c = &p->config;
	assert_true(c->listen_given);
	assert_true(c->reuse_port);
	assert_true(c->start_moved);
	assert_int_equal(c->n_listen, 3);
	assert_string_equal(c->listen[0].host, "");
	assert_int_equal(c->listen[0].port, 0);
	assert_string_equal(c->listen[1].host, "::1");
	assert_true(c->listen[2].is_unix);
	assert_string_equal(c->listen[2].path, "/run/x.sock");
	assert_false(c->guests);
	assert_int_equal(c->limits.frame_bytes, LIMIT_HELD_BYTES); /* none: what the parts can hold */
	assert_int_equal(c->log_format, LOG_FORMAT_JSON);
	assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(c->origins[0], "https://chat.example");
	assert_string_equal(c->origins[1], "http://[::1]:8080");
	assert_string_equal(c->origins[2], "https://my_chat.example");
	assert_int_equal(c->trusted_proxies[0].n_bits, 104);
	assert_memory_equal(c->trusted_proxies[0].address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\0", 16);
	assert_int_equal(c->trusted_proxies[1].n_bits, 128);
	assert_int_equal(c->trusted_proxies[2].n_bits, 128);
	assert_memory_equal(c->trusted_proxies[2].address, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_true(c->proxy_protocol);
	finish(p);
}

#define NOT_AN_ADDRESS \
	": the value is not the address of a PostgreSQL database like postgresql://parley@db.example/parley, or keywords like " \
	"host=db.example dbname=parley"

static void a_database_is_an_address(void **state)
{
	(void)state;
	static const char *const good[] = {"postgresql://parley@db.example/parley", "postgres:///parley?host=/run/postgresql",
					   "service=parley", "host=a,b port = 5432 dbname='a b'"};
	static const char *const bad[] = {"", "parley.db", "mysql://db/secret", "postgresql:/db", "host", "=x", "host=a\nb"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct parsed *p = parse(WORDS("--database", good[i]), NULL);
		assert_string_equal(p->fault, "");
		assert_string_equal(p->config.database, good[i]);
		assert_false(p->config.database_password_shows);
		finish(p);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_fault(WORDS("--database", bad[i]), NULL, "--database" NOT_AN_ADDRESS);
	expect_fault(NO_WORDS, WORDS("PARLEY_DATABASE=mysql://ann:secret@db"), "PARLEY_DATABASE" NOT_AN_ADDRESS);
	expect_fault(NO_WORDS, WORDS("PARLEY_DATABASE=\"postgresql://ann:secret@db\""),
		     "PARLEY_DATABASE: the value is in quotes, and they would be part of it: leave them out");
}

/* Where everybody on the machine reads it, a warning is due; nowhere may there be two. */
static void a_password_of_the_database_is_noticed(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		bool has_one;
	} rows[] = {
		{"postgresql://ann:secret@db/parley", true},
		{"postgres://ann:@db/parley", false},
		{"postgresql://ann@db:5432/parley", false},
		{"postgresql://db:5432/a:b@c", false},
		{"postgresql://ann@db/parley?password=secret", true},
		{"postgresql://ann@db/parley?sslmode=require&password=secret", true},
		{"host=db password=secret", true},
		{"host=db password = 'a secret'", true},
		{"application_name='password=none' host=db", false},
		{"application_name='it\\'s' password=x", true},
		{"application_name=a\\ password=x", false},
		{"passfile=/etc/parley/pgpass", false},
		{"host=db password=", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char variable[120], line[120];
		snprintf(variable, sizeof(variable), "PARLEY_DATABASE=%s", rows[i].address);
		struct parsed *p = parse(WORDS("--database", rows[i].address), NULL);
		assert_string_equal(p->fault, "");
		if (p->config.database_password_shows != rows[i].has_one)
			fail_msg("%s", rows[i].address);
		finish(p);
		p = parse(NO_WORDS, WORDS(variable));
		assert_false(p->config.database_password_shows);
		finish(p);
		snprintf(line, sizeof(line), "--database=%s", rows[i].address);
		p = parse(WORDS(line, "--database-password-file=/x"), NULL);
		assert_string_equal(p->fault, rows[i].has_one ? "--database has a password, and --database-password-file names another: "
								"leave one of them out"
							      : "");
		finish(p);
	}
}

static void what_is_for_a_database_needs_one(void **state)
{
	(void)state;
	expect_fault(WORDS("--database-password-file=/x"), NULL,
		     "--database-password-file is for the PostgreSQL database of --database, which is missing");
	expect_fault(NO_WORDS, WORDS("PARLEY_DATABASE_ALLOW_ASYNCHRONOUS_COMMIT=on"),
		     "--database-allow-asynchronous-commit is for the PostgreSQL database of --database, which is missing");
	expect_fault(WORDS("--database-connections=65"), NULL, "--database-connections: \"65\" is not a whole number from 0 to 64");
	struct parsed *p = parse(WORDS("--database-connections=64", "--database-allow-asynchronous-commit=off"), NULL);
	assert_string_equal(p->fault, "");
	assert_int_equal(p->config.database_connections, 64);
	finish(p);
}

/* Each row of the limits is a flag, a variable and a line of the file. */
static void every_limit_is_an_option(void **state)
{
	(void)state;
	size_t n, n_limits = 0;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (strncmp(table[i].name, "limit_", 6))
			continue;
		n_limits++;
		char flag[CONFIG_NAME_BYTES + 8], variable[CONFIG_NAME_BYTES + 8];
		config_table_spell(&table[i], CONFIG_SPELLING_FLAG, flag);
		config_table_spell(&table[i], CONFIG_SPELLING_ENVIRONMENT, variable);
		assert_null(strchr(flag, '_'));
		strcat(flag, "=7");
		strcat(variable, "=9");
		struct parsed *p = parse(NO_WORDS, WORDS(variable));
		assert_int_equal(*(uint64_t *)(void *)((char *)&p->config + table[i].offset), 9);
		finish(p);
		p = parse(WORDS(flag), WORDS(variable));
		assert_int_equal(*(uint64_t *)(void *)((char *)&p->config + table[i].offset), 7);
		finish(p);
	}
	assert_int_equal(n_limits, sizeof(struct limits) / sizeof(uint64_t));
}

static void numbers_are_strict(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", " 1", "1 ", "-1", "+1", "0x10", "1e3", "1.5", "12x", "9007199254740992", "99999999999999999999999"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char expected[200];
		snprintf(expected, sizeof(expected), "--limit-resume-events: \"%s\" is not a whole number from 0 to 9007199254740991",
			 bad[i]);
		expect_fault(WORDS("--limit-resume-events", bad[i]), NULL, expected);
	}
	struct parsed *p = parse(WORDS("--limit-resume-events=9007199254740991", "--limit-frame-bytes=267386880"), NULL);
	assert_int_equal(p->config.limits.resume_events, 9007199254740991);
	assert_int_equal(p->config.limits.frame_bytes, LIMIT_HELD_BYTES);
	finish(p);
	/* More than the parts can hold is not made less in silence. */
	expect_fault(WORDS("--limit-frame-bytes=267386881"), NULL,
		     "--limit-frame-bytes: \"267386881\" is not a whole number from 0 to 267386880");
	expect_fault(NO_WORDS, WORDS("PARLEY_LIMIT_NAME_BYTES=9999999"),
		     "PARLEY_LIMIT_NAME_BYTES: \"9999999\" is not a whole number from 0 to 1048576");
	expect_fault(WORDS("--heartbeat-ms=1"), NULL, "--heartbeat-ms: \"1\" is not a whole number from 50 to 3600000");
}

static void a_fault_names_the_option(void **state)
{
	(void)state;
	expect_fault(WORDS("--lissen=:1"), NULL, "--lissen=:1: there is no such option; see --help");
	expect_fault(WORDS("--limit-frame_bytes=1"), NULL, "--limit-frame_bytes=1: there is no such option; see --help");
	expect_fault(WORDS("serve"), NULL, "unexpected \"serve\"; see --help");
	expect_fault(WORDS("--listen"), NULL, "--listen: the value is missing (ADDRESS)");
	expect_fault(WORDS("--tls-cert", "--tls-key=x"), NULL, "--tls-cert: the value is missing (FILE)");
	expect_fault(WORDS("--help=yes"), NULL, "--help: takes no value");
	expect_fault(WORDS("--guests=yes"), NULL, "--guests: \"yes\" is not \"on\" or \"off\"");
	expect_fault(WORDS("--data="), NULL, "--data: \"\" is not a name (it is empty)");
	expect_fault(WORDS("--tls-cert=c"), NULL, "--tls-cert and --tls-key belong together: --tls-key is missing");
	expect_fault(NO_WORDS, WORDS("PARLEY_GUESTS=1"), "PARLEY_GUESTS: \"1\" is not \"on\" or \"off\"");
	expect_fault(NO_WORDS, WORDS("PARLEY_LIMIT_FRAMES=1"), "PARLEY_LIMIT_FRAMES: there is no such option; see --help");
	expect_fault(NO_WORDS, WORDS("PARLEY_GUEST=off"), "PARLEY_GUEST: there is no such option; see --help");
	expect_fault(NO_WORDS, WORDS("PARLEY_HELP=1"), "PARLEY_HELP: there is no such option; see --help");
	expect_fault(NO_WORDS, WORDS("PARLEY_SERVERS=x"), "PARLEY_SERVERS: there is no such option; see --help");
	expect_fault(WORDS("--config=/nonexistent/x"), NULL, "--config: cannot read /nonexistent/x: No such file or directory");
}

static void what_is_no_address_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"8080",   "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:80x",
					  "::1:80", "[::1]",     "[::1:80",    "[1.2.3.4]:80",    "example.org:80",
					  "unix:",  "1.2.3:80",  "[]:80"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct parsed *p = parse(WORDS("--listen", bad[i]), NULL);
		if (p->outcome != CONFIG_FAULT)
			fail_msg("%s was taken", bad[i]);
		assert_memory_equal(p->fault, "--listen: \"", 11);
		finish(p);
	}
	static const char *const bad_origins[] = {"chat.example",
						  "https://",
						  "https://chat.example/",
						  "https://chat.example/x",
						  "ftp://x",
						  "null",
						  "*",
						  "https://a b",
						  "https://x:0",
						  "https://x:",
						  "https://[::1",
						  "https://u@x",
						  "https://\xc3\xa9"};
	for (size_t i = 0; i < sizeof(bad_origins) / sizeof(bad_origins[0]); i++) {
		struct parsed *p = parse(WORDS("--origin", bad_origins[i]), NULL);
		if (p->outcome != CONFIG_FAULT)
			fail_msg("%s was taken", bad_origins[i]);
		finish(p);
	}
	static const char *const bad_networks[] = {"10.0.0.0/33", "10.0.0/8",     "::/129",     "10.0.0.0/", "10.0.0.0/x", "",
						   "x",           "10.0.0.0/8/8", "10.1.2.3/8", "fd00::1/8"};
	for (size_t i = 0; i < sizeof(bad_networks) / sizeof(bad_networks[0]); i++) {
		struct parsed *p = parse(WORDS("--trusted-proxy", bad_networks[i]), NULL);
		if (p->outcome != CONFIG_FAULT)
			fail_msg("%s was taken", bad_networks[i]);
		finish(p);
	}
}

static void webhooks_reach_networks_and_hosts(void **state)
{
	(void)state;
	struct parsed *p = parse(WORDS("--webhook-allow", "10.0.0.0/8", "--webhook-allow=fd00::1", "--webhook-allow=Build.Internal.",
				       "--webhook-allow=unix"),
				 NULL);
	assert_string_equal(p->fault, "");
	const struct webhook_allow *allow = p->config.webhook_allow;
	assert_int_equal(p->config.n_webhook_allow, 4);
	assert_int_equal(allow[0].n_bits, 104);
	assert_memory_equal(allow[0].address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\0", 16);
	assert_int_equal(allow[1].n_bits, 128);
	assert_string_equal(allow[1].host, "");
	assert_string_equal(allow[2].host, "build.internal");
	assert_string_equal(allow[3].host, "unix"); /* a name as any other */
	finish(p);
	static const char *const wrong[] = {"", "10.0.0.1/8", "10.0.0.0/33", "127.1", "host:80", "http://host", "*.host", "[::1]"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		p = parse(WORDS("--webhook-allow", wrong[i]), NULL);
		if (p->outcome != CONFIG_FAULT)
			fail_msg("%s was taken", wrong[i]);
		finish(p);
	}
}

static void lists_are_bounded(void **state)
{
	(void)state;
	const char *words[CONFIG_LIST_MAX + 2];
	for (size_t i = 0; i <= CONFIG_LIST_MAX; i++)
		words[i] = "--listen=:0";
	words[CONFIG_LIST_MAX] = NULL;
	struct parsed *p = parse(words, NULL);
	assert_int_equal(p->config.n_listen, CONFIG_LIST_MAX);
	finish(p);
	words[CONFIG_LIST_MAX] = "--listen=:0";
	words[CONFIG_LIST_MAX + 1] = NULL;
	expect_fault(words, NULL, "--listen: \":0\" is not among the first 64, and no more are taken");
}

static char *shown(enum config_outcome what)
{
	static char text[65536];
	FILE *out = fmemopen(text, sizeof(text), "w");
	assert_non_null(out);
	assert_int_equal(config_show(what, out), 0);
	fclose(out);
	return text;
}

static void help_and_manual_tell_of_every_option(void **state)
{
	(void)state;
	struct parsed *p = parse(WORDS("--help"), NULL);
	assert_int_equal(p->outcome, CONFIG_HELP);
	finish(p);
	p = parse(WORDS("--version"), NULL);
	assert_int_equal(p->outcome, CONFIG_VERSION);
	finish(p);
	assert_string_equal(shown(CONFIG_VERSION), "parleyd " PARLEY_VERSION "\n");
	size_t n;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++) {
		char flag[CONFIG_NAME_BYTES], variable[CONFIG_NAME_BYTES];
		config_table_spell(&table[i], CONFIG_SPELLING_FLAG, flag);
		config_table_spell(&table[i], CONFIG_SPELLING_ENVIRONMENT, variable);
		assert_non_null(strstr(shown(CONFIG_HELP), flag));
		if (table[i].value)
			assert_non_null(strstr(shown(CONFIG_MAN), variable));
	}
}

static void a_page_that_cannot_be_written_is_a_fault(void **state)
{
	(void)state;
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_true(config_show(CONFIG_HELP, full) < 0);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_has_its_default),
		cmocka_unit_test(flags_are_read_in_both_spellings),
		cmocka_unit_test(a_database_is_an_address),
		cmocka_unit_test(a_password_of_the_database_is_noticed),
		cmocka_unit_test(what_is_for_a_database_needs_one),
		cmocka_unit_test(every_limit_is_an_option),
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(a_fault_names_the_option),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(webhooks_reach_networks_and_hosts),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(help_and_manual_tell_of_every_option),
		cmocka_unit_test(a_page_that_cannot_be_written_is_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
