#include "app/config_table.h"

#include "app/config_value.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The largest integer that every reader of JSON takes exactly (RFC 8259, section 6): clients are told the limits. */
#define LIMIT_MOST 9007199254740991

static void *member(struct config *c, const struct config_option *o)
{
	return (char *)c + o->offset;
}

static const char *set_path(struct config *c, const struct config_option *o, const char *text)
{
	const char *expected = config_value_path(text);
	if (expected)
		return expected;
	char **to = member(c, o);
	free(*to);
	*to = mem_strndup(text, strlen(text));
	return NULL;
}

static const char *set_database(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	if (!config_value_database(text))
		return "the address of a PostgreSQL database like postgresql://parley@db.example/parley, or keywords like host=db.example dbname=parley";
	free(c->database);
	c->database = mem_strndup(text, strlen(text));
	return NULL;
}

static const char *set_switch(struct config *c, const struct config_option *o, const char *text)
{
	bool on = !strcmp(text, "on");
	if (!on && strcmp(text, "off"))
		return "\"on\" or \"off\"";
	*(bool *)member(c, o) = on;
	return NULL;
}

static const char *set_number(struct config *c, const struct config_option *o, const char *text)
{
	uint64_t n;
	if (!config_value_number(text, o->least, o->most, &n))
		return "a whole number";
	*(uint32_t *)member(c, o) = (uint32_t)n;
	return NULL;
}

static const char *set_limit(struct config *c, const struct config_option *o, const char *text)
{
	if (!config_value_number(text, o->least, config_table_most(o), member(c, o)))
		return "a whole number";
	return NULL;
}

uint64_t config_table_most(const struct config_option *o)
{
	uint64_t held = o->set == set_limit ? limits_held(o->name + strlen("limit_")) : 0;
	return held ? held : o->most;
}

uint64_t config_table_number(struct config *c, const struct config_option *o)
{
	return o->set == set_limit ? *(uint64_t *)member(c, o) : *(uint32_t *)member(c, o);
}

void config_table_put(struct config *c, const struct config_option *o, uint64_t n)
{
	if (o->set == set_limit)
		*(uint64_t *)member(c, o) = n;
	else
		*(uint32_t *)member(c, o) = (uint32_t)n;
}

static const char *set_log_format(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	bool json = !strcmp(text, "json");
	if (!json && strcmp(text, "text"))
		return "\"text\" or \"json\"";
	c->log_format = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
	return NULL;
}

static const char *set_log_level(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	static const char *const names[] = {
		[LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_WARN] = "warn", [LOG_LEVEL_ERROR] = "error"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			c->log_level = (enum log_level)i;
			return NULL;
		}
	}
	return "\"debug\", \"info\", \"warn\" or \"error\"";
}

static const char *set_accounts(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	bool closed = !strcmp(text, "closed");
	if (!closed && strcmp(text, "open"))
		return "\"open\" or \"closed\"";
	c->accounts_closed = closed;
	return NULL;
}

static const char too_many[] = "among the first 64, and no more are taken";

static const char *add_listen(struct config_listen *list, size_t *n, const char *text)
{
	if (*n == CONFIG_LIST_MAX)
		return too_many;
	if (!config_value_listen(text, &list[*n]))
		return "an address like 127.0.0.1:8080, [::1]:8080, :8080 or unix:/path (of at most 107 bytes, written out)";
	++*n;
	return NULL;
}

static void clear_list(struct config_listen *list, size_t *n)
{
	while (*n) {
		struct config_listen *l = &list[--*n];
		free(l->text);
		free(l->path);
	}
}

static const char *set_listen(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	return add_listen(c->listen, &c->n_listen, text);
}

static void clear_listen(struct config *c)
{
	clear_list(c->listen, &c->n_listen);
}

static const char *set_listen_ops(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	return add_listen(c->listen_ops, &c->n_listen_ops, text);
}

static void clear_listen_ops(struct config *c)
{
	clear_list(c->listen_ops, &c->n_listen_ops);
}

static const char *set_origin(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	if (c->n_origins == CONFIG_LIST_MAX)
		return too_many;
	if (!config_value_origin(text, &c->origins[c->n_origins]))
		return "an origin like https://chat.example or http://localhost:8080: without a path or a slash at its end, other letters than ASCII as xn--…";
	c->n_origins++;
	return NULL;
}

static void clear_origins(struct config *c)
{
	while (c->n_origins)
		free(c->origins[--c->n_origins]);
}

static const char *set_trusted_proxy(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	if (c->n_trusted_proxies == CONFIG_LIST_MAX)
		return too_many;
	if (!config_value_peers(text, &c->trusted_proxies[c->n_trusted_proxies]))
		return "an address or a network like 127.0.0.1, 10.0.0.0/8 or fd00::/8 (with no bits behind those that count), or unix";
	c->n_trusted_proxies++;
	return NULL;
}

static void clear_trusted_proxies(struct config *c)
{
	while (c->n_trusted_proxies)
		free(c->trusted_proxies[--c->n_trusted_proxies].text);
}

static const char *set_webhook_allow(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	if (c->n_webhook_allow == CONFIG_LIST_MAX)
		return too_many;
	if (!config_value_allow(text, &c->webhook_allow[c->n_webhook_allow]))
		return "an address or a network like 10.0.0.0/8 or fd00::/8 (with no bits behind those that count), or a host's name without a port";
	c->n_webhook_allow++;
	return NULL;
}

static void clear_webhook_allow(struct config *c)
{
	c->n_webhook_allow = 0;
}

static const char *set_redis(struct config *c, const struct config_option *o, const char *text)
{
	(void)o;
	if (c->n_redis == CONFIG_LIST_MAX)
		return too_many;
	const char *expected = redis_address_parse(text, &c->redis[c->n_redis]);
	c->n_redis += !expected;
	return expected;
}

static void clear_redis(struct config *c)
{
	c->n_redis = 0;
}

static const char *set_word(struct config *c, const struct config_option *o, const char *text)
{
	if (!*text || strpbrk(text, " \t\r\n"))
		return "a name without blanks";
	char **to = member(c, o);
	free(*to);
	*to = mem_strndup(text, strlen(text));
	return NULL;
}

/* clang-format off */
#define AT(member_name) .offset = offsetof(struct config, member_name)
static const struct config_option table[] = {
	{"listen", "ADDRESS", "127.0.0.1:8080", "address to listen on: 127.0.0.1:8080, [::1]:8080, :8080 (every address), unix:/path; port 0 takes a free one, which is printed; sockets handed over by systemd take its place", .set = set_listen, .clear = clear_listen},
	{"listen_ops", "ADDRESS", NULL, "address for /healthz, /readyz and /metrics alone, over plain HTTP: then they are served nowhere else", .set = set_listen_ops, .clear = clear_listen_ops},
	{"reuse_port", "on|off", "off", "whether other processes of this user may listen on the same address: a new one before the old one leaves", .set = set_switch, AT(reuse_port)},
	{"data", "DIR", "./parley-data", "directory of the SQLite database and of the operator's socket; made when missing", .set = set_path, AT(data_dir)},
	{"start_moved", "on|off", "off", "whether to start on data that parley admin copy has moved elsewhere; then clients begin anew, and what was moved is not seen here", .set = set_switch, AT(start_moved)},
	{"database", "ADDRESS", NULL, "PostgreSQL database that keeps everything: postgresql://USER@HOST/NAME, or keywords of libpq (host=… dbname=…); without a password, which --database-password-file names; default: an SQLite file in the directory of --data", .set = set_database, .may_hold_secret = true},
	{"database_password_file", "FILE", NULL, "file whose first line is the password for --database", .set = set_path, AT(database_password_file)},
	{"database_connections", "N", "0", "connections that read from the database, beside the one that writes; 0: the server's choice", .set = set_number, AT(database_connections), .most = 64},
	{"database_allow_asynchronous_commit", "on|off", "off", "whether a PostgreSQL database with synchronous_commit off is taken: then what was acknowledged may be lost when it crashes", .set = set_switch, AT(database_allow_asynchronous_commit)},
	{"redis", "ADDRESS", NULL, "Redis or Valkey that carries what several instances of one --database tell each other: redis://[USER@]HOST[:PORT], rediss:// (TLS) or unix:/PATH; or Sentinels, or nodes of a Cluster; without it instances see each other's events within a second", .set = set_redis, .clear = clear_redis, .may_hold_secret = true},
	{"redis_password_file", "FILE", NULL, "file whose first line is the password for the Redis servers; read at each connect", .set = set_path, AT(redis_password_file)},
	{"redis_sentinel_name", "NAME", NULL, "name of the master that the Sentinels of --redis watch; default: the only one", .set = set_word, AT(redis_sentinel_name)},
	{"redis_sentinel_password_file", "FILE", NULL, "file whose first line is the password for the Sentinels of --redis; then --redis-password-file is for the servers alone", .set = set_path, AT(redis_sentinel_password_file)},
	{"redis_ca_file", "FILE", NULL, "certificates (PEM) of the authorities that vouch for the servers of rediss://; default: the system's", .set = set_path, AT(redis_ca_file)},
	{"guests", "on|off", "on", "whether people may come in with no more than a name", .set = set_switch, AT(guests)},
	{"accounts", "open|closed", "open", "whether people may make accounts for themselves; closed: only the operator makes them (parley admin account), and bots are made as before", .set = set_accounts},
	{"tls_cert", "FILE", NULL, "certificate chain (PEM): serve https and wss; read again on SIGHUP", .set = set_path, AT(tls_cert)},
	{"tls_key", "FILE", NULL, "private key (PEM) of the certificate; read again on SIGHUP", .set = set_path, AT(tls_key)},
	{"origin", "ORIGIN", NULL, "origin of pages that may open a WebSocket and use cookies, like https://chat.example; default: the host that the request names, where it is localhost, an address or this machine's name", .set = set_origin, .clear = clear_origins},
	{"trusted_proxy", "NETWORK", NULL, "address or network (10.0.0.0/8) of a reverse proxy whose X-Forwarded-For and X-Forwarded-Proto are believed; unix: whoever connects to a Unix socket of --listen", .set = set_trusted_proxy, .clear = clear_trusted_proxies},
	{"proxy_protocol", "on|off", "off", "whether connections begin with a PROXY header (version 1 or 2): then only trusted proxies may connect, and must send it", .set = set_switch, AT(proxy_protocol)},
	{"webhook_allow", "NETWORK|HOST", NULL, "network (10.0.0.0/8), address or name of a host that webhooks may reach although it is not public, at any port; a name with whatever addresses it has; default: public addresses alone, at ports 80, 443 and from 1024 on", .set = set_webhook_allow, .clear = clear_webhook_allow},
	{"webhook_attempts", "N", "10", "attempts to deliver an event to a webhook before it is set aside", .set = set_number, AT(webhook_attempts), .least = 1, .most = 10},
	{"webhook_retry_ms", "N", "5000", "milliseconds from the first attempt to the second; the pauses after it grow in proportion: with the default to a day", .set = set_number, AT(webhook_retry_ms), .least = 1, .most = 60000},
	{"hsts_seconds", "N", "31536000", "seconds for which browsers that came over TLS, to this server or to a trusted proxy, use nothing else for this host (Strict-Transport-Security); 0: not told, 1: forget it", .set = set_number, AT(hsts_seconds), .most = 63072000},
	{"log_format", "text|json", "text", "format of the log on standard error", .set = set_log_format},
	{"log_level", "LEVEL", "info", "least level that is logged: debug, info, warn or error", .set = set_log_level},
	{"config", "FILE", NULL, "file of further options: lines of `name = value`, names as the flags without dashes in front, values without quotes; lines that start with # are comments", .set = set_path, AT(config_file)},
	{"web_dir", "DIR", NULL, "directory to serve the page from instead of the copy inside the program; for developing it", .set = set_path, AT(web_dir)},
	{"drain_grace_ms", "N", "0", "milliseconds for which /readyz is red and the server still accepts connections before it ends, so that a load balancer stops sending new ones", .set = set_number, AT(drain_grace_ms), .most = 3600000},
	{"drain_ms", "N", "10000", "milliseconds over which clients are told to come back when the server is ending", .set = set_number, AT(drain_ms), .most = 3600000},
	{"heartbeat_ms", "N", "25000", "milliseconds between two pings to a client; the default is less where two would not fit into limit-idle-ms", .set = set_number, AT(heartbeat_ms), .least = 50, .most = 3600000},
	{"sweep_rest", "PERCENT", "120", "most rest of a big room of which more is asked than there is time for, in percent of the time its sweeps cost: more makes writes fewer and fuller, and delivery later; 0: none",
		.set = set_number, AT(sweep_rest), .most = 10000},
	{"sweep_slice", "N", "0", "readers written to in one slice of a sweep; 0: the server's choice", .set = set_number, AT(sweep_slice), .most = 1000000},
	{"write_bytes", "N", "0", "most bytes in one write to a reader; 0: the server's choice", .set = set_number, AT(write_bytes), .most = 16777216},
	{"room_tail_bytes", "N", "0", "most bytes of recent events kept in memory for each room in use, each byte twice; 0: the server's choice", .set = set_number, AT(room_tail_bytes), .most = 1073741824},
#define X(limit, value, unit, meaning, highest) {"limit_" #limit, "N", #value, meaning " (" unit ")", .set = set_limit, AT(limits.limit), \
		.least = (highest) ? 1 : 0, .most = (highest) ? (highest) : LIMIT_MOST, .zero_is_none = !(highest)},
	LIMIT_TABLE(X)
#undef X
	{"help", NULL, NULL, "print this and end", .outcome = CONFIG_HELP},
	{"version", NULL, NULL, "print the version and end", .outcome = CONFIG_VERSION},
	{"man", NULL, NULL, "print the manual page (roff) and end", .outcome = CONFIG_MAN},
};
/* clang-format on */

const struct config_option *config_table(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

void config_table_spell(const struct config_option *o, enum config_spelling spelling, char out[CONFIG_NAME_BYTES])
{
	static const char *const heads[] = {
		[CONFIG_SPELLING_FLAG] = "--", [CONFIG_SPELLING_ENVIRONMENT] = "PARLEY_", [CONFIG_SPELLING_FILE] = ""};
	size_t n = strlen(heads[spelling]);
	memcpy(out, heads[spelling], n);
	for (const char *c = o->name; *c && n + 1 < CONFIG_NAME_BYTES; c++) {
		char shown = *c == '_' ? '-' : *c;
		out[n++] = spelling == CONFIG_SPELLING_ENVIRONMENT ? (char)toupper((unsigned char)*c) : shown;
	}
	out[n] = '\0';
}

const struct config_option *config_table_find(const char *name, size_t n, enum config_spelling spelling)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char spelled[CONFIG_NAME_BYTES];
		config_table_spell(&table[i], spelling, spelled);
		bool usable = table[i].value || spelling == CONFIG_SPELLING_FLAG;
		if (usable && strlen(spelled) == n && !memcmp(spelled, name, n))
			return &table[i];
	}
	return NULL;
}
