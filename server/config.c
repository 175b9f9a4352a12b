#include "config.h"

#include "base/memory.h"
#include "config_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* By weight. */
enum source { SOURCE_NONE, SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

enum { HEARTBEAT_LEAST_MS = 50 };

struct parser {
	struct config *config;
	enum source *given_by; /* per option of the table: who set it last */
	char *fault;           /* CONFIG_FAULT_BYTES */
};

/* `where` names the option as its source spells it. False: fault is filled. */
static bool apply(struct parser *p, const struct config_option *o, enum source source, const char *where, const char *text)
{
	size_t n;
	enum source *given_by = &p->given_by[o - config_table(&n)];
	if (o->clear && *given_by != source)
		o->clear(p->config);
	*given_by = source;
	const char *expected = o->set(p->config, o, text);
	if (!expected)
		return true;
	int length = snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: \"%.100s\" is not %s", where, text, expected);
	if (o->most)
		snprintf(p->fault + length, CONFIG_FAULT_BYTES - (size_t)length, " from %llu to %llu", (unsigned long long)o->least,
			 (unsigned long long)o->most);
	return false;
}

static bool apply_defaults(struct parser *p)
{
	size_t n;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (table[i].fallback && !apply(p, &table[i], SOURCE_DEFAULT, table[i].name, table[i].fallback))
			return false;
	}
	return true;
}

/* Repeatable options take several values between commas, as an environment has each name only once. */
static bool apply_environment_value(struct parser *p, const struct config_option *o, const char *where, const char *text)
{
	if (!o->clear)
		return apply(p, o, SOURCE_ENVIRONMENT, where, text);
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, ",");
		auto_free char *one = mem_strndup(at, n);
		if (!apply(p, o, SOURCE_ENVIRONMENT, where, one))
			return false;
		at += n + (at[n] == ',');
	}
	return true;
}

/* Other programs have PARLEY_… names too, so unknown ones are passed over; but a limit that is misspelled would silently not hold. */
static bool apply_environment(struct parser *p, char *const *envp)
{
	for (; *envp; envp++) {
		size_t n = strcspn(*envp, "=");
		if (strncmp(*envp, "PARLEY_", 7) || (*envp)[n] != '=' || !(*envp)[n + 1])
			continue;
		const struct config_option *o = config_table_find(*envp, n, CONFIG_SPELLING_ENVIRONMENT);
		char where[CONFIG_NAME_BYTES];
		snprintf(where, sizeof(where), "%.*s", (int)(n < sizeof(where) ? n : sizeof(where) - 1), *envp);
		if (!o && !strncmp(*envp, "PARLEY_LIMIT_", 13)) {
			snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: there is no such limit", where);
			return false;
		}
		if (o && !apply_environment_value(p, o, where, *envp + n + 1))
			return false;
	}
	return true;
}

struct given_flag {
	const struct config_option *option;
	const char *value;
};

/* One flag of argv[*at], which moves past it. CONFIG_RUN: *out is filled. */
static enum config_outcome read_flag(struct parser *p, int argc, char *const *argv, int *at, struct given_flag *out)
{
	const char *text = argv[(*at)++];
	size_t n = strcspn(text, "=");
	const struct config_option *o = config_table_find(text, n, CONFIG_SPELLING_FLAG);
	if (!o) {
		bool is_flag = text[0] == '-';
		snprintf(p->fault, CONFIG_FAULT_BYTES,
			 is_flag ? "%.100s: there is no such option; see --help" : "unexpected \"%.100s\"; see --help", text);
		return CONFIG_FAULT;
	}
	if (!o->value && text[n] == '=') {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--%s: takes no value", o->name);
		return CONFIG_FAULT;
	}
	if (!o->value)
		return o->outcome;
	out->option = o;
	out->value = text[n] == '=' ? text + n + 1 : *at < argc ? argv[(*at)++] : NULL;
	if (!out->value || (text[n] != '=' && !strncmp(out->value, "--", 2))) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%.*s: the value is missing (%s)", (int)n, text, o->value);
		return CONFIG_FAULT;
	}
	return CONFIG_RUN;
}

static bool apply_flags(struct parser *p, const struct given_flag *flags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char where[CONFIG_NAME_BYTES];
		config_table_spell(flags[i].option, CONFIG_SPELLING_FLAG, where);
		if (!apply(p, flags[i].option, SOURCE_FLAG, where, flags[i].value))
			return false;
	}
	return true;
}

/* Cuts the blanks off both ends, in place. */
static char *trim(char *s)
{
	s += strspn(s, " \t\r");
	size_t n = strlen(s);
	while (n && strchr(" \t\r", s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

static bool apply_file_line(struct parser *p, const char *file, unsigned number, char *line)
{
	char *name = trim(line);
	if (!*name || *name == '#')
		return true;
	char *equals = strchr(name, '=');
	if (!equals) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%.200s:%u: \"%.100s\" is not of the form `name = value`", file, number, name);
		return false;
	}
	*equals = '\0';
	name = trim(name);
	char *value = trim(equals + 1);
	const struct config_option *o = config_table_find(name, strlen(name), CONFIG_SPELLING_FILE);
	if (!o || !strcmp(o->name, "config")) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%.200s:%u: there is no option \"%.100s\" for this file", file, number, name);
		return false;
	}
	char where[CONFIG_FAULT_BYTES / 2 + CONFIG_NAME_BYTES];
	snprintf(where, sizeof(where), "%.150s:%u: %s", file, number, name);
	return apply(p, o, SOURCE_FILE, where, value);
}

/* The whole file with a NUL behind it, or NULL with the errno in *error. */
static char *read_file(const char *file, size_t *n, int *error)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		*error = errno;
		return NULL;
	}
	char *text = mem_alloc(CONFIG_FILE_BYTES_MAX + 1);
	ssize_t got = 0;
	*n = 0;
	while (*n <= CONFIG_FILE_BYTES_MAX && (got = read(fd, text + *n, CONFIG_FILE_BYTES_MAX + 1 - *n)) > 0)
		*n += (size_t)got;
	*error = got < 0 ? errno : *n > CONFIG_FILE_BYTES_MAX ? EFBIG : 0;
	close(fd);
	if (*error) {
		free(text);
		return NULL;
	}
	text[*n] = '\0';
	return text;
}

static bool apply_file(struct parser *p, const char *file)
{
	size_t n;
	int error;
	auto_free char *text = read_file(file, &n, &error);
	if (!text) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--config: cannot read %.200s: %s", file, strerror(error));
		return false;
	}
	if (memchr(text, '\0', n)) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--config: %.200s is not a text file", file);
		return false;
	}
	unsigned number = 1;
	for (char *line = text, *next; line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!apply_file_line(p, file, number, line))
			return false;
	}
	return true;
}

/* The file is the flag's, or the environment's. */
static const char *config_file_of(const struct given_flag *flags, size_t n, char *const *envp)
{
	for (size_t i = n; i > 0; i--) {
		if (!strcmp(flags[i - 1].option->name, "config"))
			return flags[i - 1].value;
	}
	for (; *envp; envp++) {
		if (!strncmp(*envp, "PARLEY_CONFIG=", 14) && (*envp)[14])
			return *envp + 14;
	}
	return NULL;
}

static bool check_together(struct parser *p)
{
	const struct config *c = p->config;
	if (!c->tls_cert != !c->tls_key)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--tls-cert and --tls-key belong together: --tls-%s is missing",
			 c->tls_cert ? "key" : "cert");
	else if (c->proxy_protocol && !c->n_trusted_proxies)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--proxy-protocol lets only trusted proxies in: name them with --trusted-proxy");
	return !p->fault[0];
}

/* Two pings, each up to an eighth late, come before a client counts as silent; hello tells how often they really do. */
static void fit_heartbeat(struct config *c)
{
	uint64_t most = c->limits.idle_ms / 9 * 4;
	if (c->limits.idle_ms && c->heartbeat_ms > most)
		c->heartbeat_ms = most > HEARTBEAT_LEAST_MS ? (uint32_t)most : HEARTBEAT_LEAST_MS;
}

static enum config_outcome parse(struct parser *p, int argc, char *const *argv, char *const *envp)
{
	auto_free struct given_flag *flags = mem_alloc((size_t)(argc > 0 ? argc : 1) * sizeof(*flags));
	size_t n_flags = 0;
	for (int at = 1; at < argc; n_flags++) {
		enum config_outcome outcome = read_flag(p, argc, argv, &at, &flags[n_flags]);
		if (outcome != CONFIG_RUN)
			return outcome;
	}
	const char *file = config_file_of(flags, n_flags, envp);
	bool good = apply_defaults(p) && (!file || apply_file(p, file)) && apply_environment(p, envp) && apply_flags(p, flags, n_flags) &&
		    check_together(p);
	fit_heartbeat(p->config);
	limits_fit(&p->config->limits);
	return good ? CONFIG_RUN : CONFIG_FAULT;
}

enum config_outcome config_parse(int argc, char *const *argv, char *const *envp, struct config *c, char fault[CONFIG_FAULT_BYTES])
{
	*c = (struct config){0};
	fault[0] = '\0';
	size_t n;
	const struct config_option *table = config_table(&n);
	auto_free enum source *given_by = mem_zalloc(n * sizeof(*given_by));
	struct parser p = {.config = c, .given_by = given_by, .fault = fault};
	enum config_outcome outcome = parse(&p, argc, argv, envp);
	const struct config_option *listen = config_table_find("listen", 6, CONFIG_SPELLING_FILE);
	c->listen_given = given_by[listen - table] > SOURCE_DEFAULT;
	return outcome;
}

void config_finish(struct config *c)
{
	size_t n;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (table[i].clear)
			table[i].clear(c);
	}
	free(c->data_dir);
	free(c->tls_cert);
	free(c->tls_key);
	free(c->config_file);
	free(c->web_dir);
	*c = (struct config){0};
}
