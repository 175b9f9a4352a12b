#include "app/config.h"

#include "app/config_source.h"
#include "app/config_value.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum config_source config_source_of(const struct config_parser *p, const struct config_option *o)
{
	size_t n;
	return p->given_by[o - config_table(&n)];
}

bool config_source_apply(struct config_parser *p, const struct config_option *o, enum config_source source, const char *where,
			 const char *text)
{
	size_t n;
	enum config_source *given_by = &p->given_by[o - config_table(&n)];
	if (o->clear && *given_by != source)
		o->clear(p->config);
	*given_by = source;
	const char *misspelled = config_value_misspelled(text, source != CONFIG_SOURCE_FLAG);
	const char *expected = misspelled ? NULL : o->set(p->config, o, text);
	if (misspelled)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: %.100s %s", where, o->may_hold_secret ? "the value" : text, misspelled);
	else if (expected && o->may_hold_secret)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: the value is not %s", where, expected);
	else if (expected && o->most)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: \"%.100s\" is not %s from %llu to %llu", where, text, expected,
			 (unsigned long long)o->least, (unsigned long long)config_table_most(o));
	else if (expected)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: \"%.100s\" is not %s", where, text, expected);
	return !misspelled && !expected;
}

static bool apply_defaults(struct config_parser *p)
{
	size_t n;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (table[i].fallback && !config_source_apply(p, &table[i], CONFIG_SOURCE_DEFAULT, table[i].name, table[i].fallback))
			return false;
	}
	return true;
}

/* A repeatable option takes several values between commas, because an environment has each name only once. */
static bool apply_environment_value(struct config_parser *p, const struct config_option *o, const char *where, const char *text)
{
	if (!o->clear)
		return config_source_apply(p, o, CONFIG_SOURCE_ENVIRONMENT, where, text);
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, ",");
		auto_free char *one = mem_strndup(at, n);
		if (!config_source_apply(p, o, CONFIG_SOURCE_ENVIRONMENT, where, one))
			return false;
		at += n + (at[n] == ',');
	}
	return true;
}

/* Kubernetes sets these for every container when a service is named parley or parley-…: X_SERVICE_HOST, X_SERVICE_PORT…, X_PORT=tcp://…, X_PORT_80_TCP… */
static bool is_of_service(const char *name, const char *value)
{
	if (strstr(name, "_SERVICE_HOST") || strstr(name, "_SERVICE_PORT"))
		return true;
	for (const char *port = name; (port = strstr(port, "_PORT")); port++) {
		const char *rest = port + strlen("_PORT");
		if (*rest ? *rest == '_' && isdigit((unsigned char)rest[1]) : strstr(value, "://") != NULL)
			return true;
	}
	return false;
}

/* Names that are not options of the server and not misspelled options either: the client's, and those of services. */
static bool is_of_others(const char *variable, size_t n)
{
	auto_free char *name = mem_strndup(variable, n);
	return !strcmp(name, "PARLEY_SERVER") || !strcmp(name, "PARLEY_TOKEN") || is_of_service(name, variable + n + 1);
}

/* Refuses unknown names: a misspelled option would be ignored without notice. */
static bool apply_environment(struct config_parser *p, char *const *envp)
{
	for (; *envp; envp++) {
		size_t n = strcspn(*envp, "=");
		if (strncmp(*envp, "PARLEY_", 7) || (*envp)[n] != '=' || !(*envp)[n + 1])
			continue;
		const struct config_option *o = config_table_find(*envp, n, CONFIG_SPELLING_ENVIRONMENT);
		if (!o && is_of_others(*envp, n))
			continue;
		char where[CONFIG_NAME_BYTES];
		snprintf(where, sizeof(where), "%.*s", (int)(n < sizeof(where) ? n : sizeof(where) - 1), *envp);
		if (!o) {
			snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: there is no such option; see --help", where);
			return false;
		}
		if (!apply_environment_value(p, o, where, *envp + n + 1))
			return false;
	}
	return true;
}

struct given_flag {
	const struct config_option *option;
	const char *value;
};

/* Reads the flag at argv[*at] and moves *at past it. Returns CONFIG_RUN when *out is filled. */
static enum config_outcome read_flag(struct config_parser *p, int argc, char *const *argv, int *at, struct given_flag *out)
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

static bool apply_flags(struct config_parser *p, const struct given_flag *flags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char where[CONFIG_NAME_BYTES];
		config_table_spell(flags[i].option, CONFIG_SPELLING_FLAG, where);
		if (!config_source_apply(p, flags[i].option, CONFIG_SOURCE_FLAG, where, flags[i].value))
			return false;
	}
	return true;
}

/* The flag names the file, or else the environment does. */
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

static enum config_outcome parse(struct config_parser *p, int argc, char *const *argv, char *const *envp)
{
	auto_free struct given_flag *flags = mem_alloc((size_t)(argc > 0 ? argc : 1) * sizeof(*flags));
	size_t n_flags = 0;
	for (int at = 1; at < argc; n_flags++) {
		enum config_outcome outcome = read_flag(p, argc, argv, &at, &flags[n_flags]);
		if (outcome != CONFIG_RUN)
			return outcome;
	}
	const char *file = config_file_of(flags, n_flags, envp);
	bool good = apply_defaults(p) && (!file || config_file_apply(p, file)) && apply_environment(p, envp) &&
		    apply_flags(p, flags, n_flags) && config_together_check(p);
	limits_fit(&p->config->limits);
	return good ? CONFIG_RUN : CONFIG_FAULT;
}

enum config_outcome config_parse(int argc, char *const *argv, char *const *envp, struct config *c, char fault[CONFIG_FAULT_BYTES])
{
	*c = (struct config){0};
	fault[0] = '\0';
	size_t n;
	const struct config_option *table = config_table(&n);
	auto_free enum config_source *given_by = mem_zalloc(n * sizeof(*given_by));
	struct config_parser p = {.config = c, .given_by = given_by, .fault = fault};
	enum config_outcome outcome = parse(&p, argc, argv, envp);
	const struct config_option *listen = config_table_find("listen", 6, CONFIG_SPELLING_FILE);
	c->listen_given = given_by[listen - table] > CONFIG_SOURCE_DEFAULT;
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
	free(c->database);
	free(c->database_password_file);
	free(c->redis_password_file);
	free(c->redis_sentinel_name);
	free(c->redis_sentinel_password_file);
	free(c->redis_ca_file);
	free(c->tls_cert);
	free(c->tls_key);
	free(c->config_file);
	free(c->web_dir);
	*c = (struct config){0};
}
