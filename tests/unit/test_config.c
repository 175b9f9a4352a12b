#include "cmocka_wrap.h"

#include "config.h"
#include "config_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 80 };

/* A run of config_parse over words and "NAME=value" lines, both ending with NULL. */
struct parsed {
	struct config config;
	char fault[CONFIG_FAULT_BYTES];
	enum config_outcome outcome;
};

static struct parsed *parse(const char *const *words, const char *const *environment)
{
	static struct parsed p;
	char *argv[WORDS_MAX + 2], *envp[WORDS_MAX + 1];
	int argc = 0, n = 0;
	argv[argc++] = strdup("parleyd");
	for (; *words; words++)
		argv[argc++] = strdup(*words);
	argv[argc] = NULL;
	for (; environment && *environment; environment++)
		envp[n++] = strdup(*environment);
	envp[n] = NULL;
	p.outcome = config_parse(argc, argv, envp, &p.config, p.fault);
	while (argc)
		free(argv[--argc]);
	while (n)
		free(envp[--n]);
	return &p;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_WORDS ((const char *const[]){NULL})

static void finish(struct parsed *p)
{
	config_finish(&p->config);
}

static void expect_fault(const char *const *words, const char *const *environment, const char *sentence)
{
	struct parsed *p = parse(words, environment);
	assert_int_equal(p->outcome, CONFIG_FAULT);
	assert_string_equal(p->fault, sentence);
	finish(p);
}

static void defaults(void **state)
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
		{"--limit-idle-ms=112", "--drain-ms=1", "--heartbeat-ms 50 needs a --limit-idle-ms of at least 113, which is 112: "},
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

static void flags_in_both_spellings(void **state)
{
	(void)state;
	struct parsed *p = parse(WORDS("--listen", ":0", "--listen=[0:0::1]:443", "--listen=unix:/run/x.sock", "--guests=off",
				       "--limit-frame-bytes", "0", "--log-format=json", "--log-level", "debug", "--tls-cert=c",
				       "--tls-key=k", "--origin=HTTPS://Chat.Example:443", "--origin=http://[::1]:8080",
				       "--origin=https://my_chat.example", "--trusted-proxy=10.0.0.0/8", "--trusted-proxy=fd00::1",
				       "--trusted-proxy=unix", "--proxy-protocol=on", "--reuse-port=on"),
				 NULL);
	assert_string_equal(p->fault, "");
	assert_int_equal(p->outcome, CONFIG_RUN);
	const struct config *c = &p->config;
	assert_true(c->listen_given);
	assert_true(c->reuse_port);
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

static void addresses_that_are_none(void **state)
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

static void write_file(char path[], const char *text, size_t n)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static void flag_over_environment_over_file_over_default(void **state)
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
		cmocka_unit_test(defaults),
		cmocka_unit_test(a_default_gives_way_to_what_was_given),
		cmocka_unit_test(options_that_contradict_each_other_are_named),
		cmocka_unit_test(flags_in_both_spellings),
		cmocka_unit_test(every_limit_is_an_option),
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(a_fault_names_the_option),
		cmocka_unit_test(addresses_that_are_none),
		cmocka_unit_test(flag_over_environment_over_file_over_default),
		cmocka_unit_test(a_fault_in_the_file_names_its_line),
		cmocka_unit_test(a_byte_order_mark_is_passed_over_or_named),
		cmocka_unit_test(values_of_variables_are_looked_at_like_those_of_the_file),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(help_and_manual_tell_of_every_option),
		cmocka_unit_test(a_page_that_cannot_be_written_is_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
