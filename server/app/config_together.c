/*
 * Options that contradict each other: one table for numbers, one function for the rest. A contradiction is refused at the start, because one of the two
 * options would have no effect without notice. A default gives way to a given option when its row says so.
 */
#include "app/config_source.h"
#include "app/config_value.h"

#include <string.h>

/*
 * `small` times `times` over `over`, plus `more`, has to fit into `large`. 0 is no limit and always fits. A default of `small` that is too large is lowered
 * with `gives_way`, and stays without it.
 */
static const struct pair {
	const char *small, *large;
	uint64_t times, over, more;
	bool gives_way;
	const char *why;
} pairs[] = {
#define IN_JSON "JSON may write a letter in three times its bytes"
	{"limit_text_bytes", "limit_frame_bytes", 3, 1, 384, true, IN_JSON},
	{"limit_name_bytes", "limit_frame_bytes", 3, 1, 384, true, IN_JSON},
	{"limit_topic_bytes", "limit_frame_bytes", 3, 1, 384, true, IN_JSON},
	{"limit_signal_bytes", "limit_frame_bytes", 3, 1, 384, true, IN_JSON},
	{"limit_password_bytes", "limit_frame_bytes", 3, 1, 384, true, IN_JSON},
	{"limit_password_bytes", "limit_sign_in_bytes", 3, 1, 384, true, IN_JSON},
#undef IN_JSON
	{"limit_user_rooms", "limit_frame_bytes", 56, 1, 384, false, "who comes back names each room in session.start"},
	{"limit_user_rooms", "limit_sign_in_bytes", 56, 1, 384, false, "who comes back names each room in session.start"},
	{"limit_stream_rooms", "limit_head_bytes", 96, 1, 1024, false, "the head of an event stream names each room and its cursor"},
	{"heartbeat_ms", "limit_idle_ms", 9, 4, 0, true, "two pings come, each up to an eighth late, before a silent connection is closed"},
};

static bool is_given(const struct config_parser *p, const struct config_option *o)
{
	return config_source_of(p, o) > CONFIG_SOURCE_DEFAULT;
}

static const struct config_option *option(const char *name)
{
	size_t n;
	const struct config_option *table = config_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(table[i].name, name))
			return &table[i];
	}
	return NULL;
}

/* Returns the least value of `large`, or the largest number when the least value overflows. */
static uint64_t needed(const struct pair *pair, uint64_t small)
{
	uint64_t n;
	if (__builtin_mul_overflow(small, pair->times, &n) || __builtin_add_overflow(n, pair->over - 1, &n) ||
	    __builtin_add_overflow(n / pair->over, pair->more, &n))
		return UINT64_MAX;
	return n;
}

static bool refuse(const struct config_parser *p, const struct pair *pair, uint64_t small, uint64_t large)
{
	char small_flag[CONFIG_NAME_BYTES], large_flag[CONFIG_NAME_BYTES];
	config_table_spell(option(pair->small), CONFIG_SPELLING_FLAG, small_flag);
	config_table_spell(option(pair->large), CONFIG_SPELLING_FLAG, large_flag);
	snprintf(p->fault, CONFIG_FAULT_BYTES, "%s %llu%s needs a %s of at least %llu, which is %llu%s: %s", small_flag,
		 (unsigned long long)small, is_given(p, option(pair->small)) ? "" : " (its least)", large_flag,
		 (unsigned long long)needed(pair, small), (unsigned long long)large, is_given(p, option(pair->large)) ? "" : " by default",
		 pair->why);
	return false;
}

static bool check_pair(struct config_parser *p, const struct pair *pair)
{
	const struct config_option *o = option(pair->small);
	uint64_t small = config_table_number(p->config, o), large = config_table_number(p->config, option(pair->large));
	if (!small || !large || needed(pair, small) <= large)
		return true;
	if (is_given(p, o))
		return refuse(p, pair, small, large);
	if (!pair->gives_way)
		return true;
	uint64_t fits = large > pair->more ? (large - pair->more) / pair->times * pair->over : 0;
	uint64_t least = o->least ? o->least : 1;
	small = fits > least ? fits : least;
	config_table_put(p->config, o, small);
	return needed(pair, small) <= large || refuse(p, pair, small, large);
}

static bool same_address(const struct config_listen *a, const struct config_listen *b)
{
	if (a->is_unix != b->is_unix)
		return false;
	if (a->is_unix)
		return !strcmp(a->path, b->path);
	bool every = !*a->host || !*b->host; /* address of the machine */
	return a->port && a->port == b->port && (every || !strcmp(a->host, b->host));
}

static bool check_addresses(struct config_parser *p)
{
	const struct config *c = p->config;
	/* Sockets that systemd hands over replace the default. */
	size_t n_listen = is_given(p, option("listen")) ? c->n_listen : 0;
	for (size_t i = 0; i < n_listen + c->n_listen_ops; i++) {
		const struct config_listen *one = i < n_listen ? &c->listen[i] : &c->listen_ops[i - n_listen];
		for (size_t j = 0; j < i; j++) {
			const struct config_listen *other = j < n_listen ? &c->listen[j] : &c->listen_ops[j - n_listen];
			if (!same_address(one, other))
				continue;
			snprintf(p->fault, CONFIG_FAULT_BYTES, "%s: %.100s is listened on already, by --listen%s %.100s",
				 i < n_listen ? "--listen" : "--listen-ops", one->text, j < n_listen ? "" : "-ops", other->text);
			return false;
		}
	}
	return true;
}

static bool check_database(struct config_parser *p)
{
	struct config *c = p->config;
	const char *alone = c->database                             ? NULL
			    : c->database_password_file             ? "--database-password-file"
			    : c->database_allow_asynchronous_commit ? "--database-allow-asynchronous-commit"
								    : NULL;
	if (alone) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%s is for the PostgreSQL database of --database, which is missing", alone);
		return false;
	}
	bool has_password = c->database && config_value_has_password(c->database);
	if (has_password && c->database_password_file) {
		snprintf(p->fault, CONFIG_FAULT_BYTES,
			 "--database has a password, and --database-password-file names another: leave one of them out");
		return false;
	}
	c->database_password_shows = has_password && config_source_of(p, option("database")) == CONFIG_SOURCE_FLAG;
	return true;
}

static bool check_redis(struct config_parser *p)
{
	const struct config *c = p->config;
	const char *alone = c->n_redis                        ? NULL
			    : c->redis_password_file          ? "--redis-password-file"
			    : c->redis_sentinel_name          ? "--redis-sentinel-name"
			    : c->redis_sentinel_password_file ? "--redis-sentinel-password-file"
			    : c->redis_ca_file                ? "--redis-ca-file"
							      : NULL;
	bool has_tls = false;
	for (size_t i = 0; i < c->n_redis; i++)
		has_tls = has_tls || c->redis[i].is_tls;
	if (alone)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "%s is for the servers of --redis, which is missing", alone);
	else if (c->n_redis && !c->database)
		snprintf(p->fault, CONFIG_FAULT_BYTES,
			 "--redis is for several instances of one --database, which is missing: an SQLite file has one instance");
	else if (c->redis_ca_file && !has_tls)
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--redis-ca-file is for TLS, and no --redis begins with rediss://");
	else
		return true;
	return false;
}

bool config_together_check(struct config_parser *p)
{
	const struct config *c = p->config;
	if (!c->tls_cert != !c->tls_key) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--tls-cert and --tls-key belong together: --tls-%s is missing",
			 c->tls_cert ? "key" : "cert");
		return false;
	}
	if (c->proxy_protocol && !c->n_trusted_proxies) {
		snprintf(p->fault, CONFIG_FAULT_BYTES, "--proxy-protocol lets only trusted proxies in: name them with --trusted-proxy");
		return false;
	}
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (!check_pair(p, &pairs[i]))
			return false;
	}
	return check_database(p) && check_redis(p) && check_addresses(p);
}
