/*
 * The server's options: from flags, the PARLEY_… environment, a config file (`name = value` lines) and defaults. An earlier source in this list
 * outweighs a later one. A repeatable option given by a heavier source replaces the whole list of a lighter one. One table (config_table.c) drives
 * the parsing, --help and the manual page. Secrets are in files. Only the address of a database may hold a password, and the log warns of it.
 *
 * The config owns its strings. They live until config_finish(). Not thread-safe while parsing, read-only afterwards.
 */
#ifndef PARLEY_APP_CONFIG_H
#define PARLEY_APP_CONFIG_H

#include "base/log.h"
#include "bus/redis/redis_address.h"
#include "codec/limits.h"
#include "webhook/webhook_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CONFIG_LIST_MAX = 64, CONFIG_FAULT_BYTES = 400, CONFIG_FILE_BYTES_MAX = 1024 * 1024 };

struct config_listen {
	char *text; /* as it was given */
	bool is_unix;
	char host[46]; /* a numeric IPv4 or IPv6 address without brackets; "" (given as ":8080"): every address of the machine */
	uint16_t port; /* 0: any free one */
	char *path;    /* is_unix only, at most 107 bytes */
};

struct config_network {
	char *text;
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; bits beyond n_bits are 0; "unix" is all 0 with 128 bits */
	unsigned n_bits;     /* of the 16 bytes: 96 + n for IPv4 */
};

struct config {
	struct config_listen listen[CONFIG_LIST_MAX];
	size_t n_listen;
	struct config_listen listen_ops[CONFIG_LIST_MAX];
	size_t n_listen_ops;
	bool listen_given; /* false for the default address; true: a warning is logged when handed sockets replace it */
	bool reuse_port;
	char *data_dir;
	char *database;                /* a PostgreSQL URI or keywords, as given; NULL: the SQLite file in data_dir */
	bool database_password_shows;  /* it holds a password and stands on the command line */
	char *database_password_file;  /* or NULL */
	uint32_t database_connections; /* for reading; 0: the store's choice */
	bool database_allow_asynchronous_commit;
	struct redis_address redis[CONFIG_LIST_MAX]; /* servers, Sentinels or nodes of a Cluster that carry the bus between instances */
	size_t n_redis;                              /* 0: instances meet in the database alone */
	char *redis_password_file;                   /* or NULL */
	char *redis_sentinel_name;                   /* or NULL */
	char *redis_sentinel_password_file;          /* or NULL */
	char *redis_ca_file;                         /* or NULL */
	bool start_moved;                            /* on data that was moved to another database (parley admin copy) */
	bool guests;
	bool accounts_closed;           /* people cannot make an account for themselves */
	char *tls_cert, *tls_key;       /* files; both or neither (NULL) */
	char *origins[CONFIG_LIST_MAX]; /* "https://chat.example" or "http://localhost:8080": lower case, no path, no default port */
	size_t n_origins;               /* 0: the host that the request names counts, if it is one of the machine's own */
	struct config_network trusted_proxies[CONFIG_LIST_MAX];
	size_t n_trusted_proxies;
	struct webhook_allow webhook_allow[CONFIG_LIST_MAX]; /* what webhooks may reach beside public addresses */
	size_t n_webhook_allow;
	uint32_t webhook_attempts, webhook_retry_ms;
	bool proxy_protocol; /* true only with a trusted proxy */
	uint32_t hsts_seconds;
	enum log_format log_format;
	enum log_level log_level;
	char *config_file; /* or NULL */
	char *web_dir;     /* NULL: the page inside the binary */
	uint32_t drain_grace_ms, drain_ms;
	uint32_t heartbeat_ms;                              /* as given; a default is lowered to fit limits.idle_ms */
	uint32_t sweep_slice, write_bytes, room_tail_bytes; /* 0: chat's default */
	uint32_t sweep_rest;                                /* percent */
	struct limits limits;
};

enum config_outcome {
	CONFIG_RUN,
	CONFIG_HELP, /* for config_show() */
	CONFIG_VERSION,
	CONFIG_MAN,
	CONFIG_FAULT, /* wrong usage: fault tells the option and what is wrong; exit status 2 */
};

/* argv[0] is the program. envp ends with NULL, as environ does. *c can be given to config_finish() after every outcome. */
enum config_outcome config_parse(int argc, char *const *argv, char *const *envp, struct config *c, char fault[CONFIG_FAULT_BYTES]);
void config_finish(struct config *c);

/* Prints the help, the version or the manual page (roff). Returns 0, or a negative errno when not all of it was written. */
int config_show(enum config_outcome what, FILE *out);

/*
 *     struct config c;
 *     char fault[CONFIG_FAULT_BYTES];
 *     enum config_outcome outcome = config_parse(argc, argv, environ, &c, fault);
 *     if (outcome == CONFIG_FAULT) { log_say(fault); return 2; }
 *     if (outcome != CONFIG_RUN) return config_show(outcome, stdout) ? 1 : 0;
 */

#endif
