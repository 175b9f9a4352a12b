#include "app/app.h"

#include "app/app_bus.h"
#include "app/app_store.h"
#include "app/service_notify.h"
#include "ask/ask.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/outlet.h"
#include "base/secret.h"
#include "chat/chat.h"
#include "delivery/deliveries.h"
#include "net/net_server.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILES_NEEDED = 64,
	FILES_WHEN_INFINITE = 1048576,
	LAST_TURNS = 100,
	LOG_FLUSH_MS = 1000,
	PRINT_WAIT_MS = 1000,
	STORE_CLOSES_MS = 20000
};

struct app {
	const struct config *config;
	struct loop *loop;
	struct metrics *metrics;
	struct app_store store;
	struct bus *bus; /* or NULL */
	struct chat *chat;
	struct asks *asks;
	struct net_server *net;
	struct service_notify *notify;
	struct loop_timer *log_timer;
	struct outlet printed; /* standard output */
	struct net_listen listen[2 * CONFIG_LIST_MAX + 1];
	struct net_network trusted[CONFIG_LIST_MAX];
	char operator_path[4096];
	bool is_ending; /* signals are ignored from now on */
};

static int complain(const char *fault)
{
	log_say(fault);
	return 1;
}

/* Raises the limit of open files, because each connection is a descriptor. It is never infinite: libwebsockets then uses a small number of its own.
 * Returns 0, or the exit status. */
static int raise_file_limit(void)
{
	struct rlimit files;
	char fault[160];

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 0;
	files.rlim_cur = files.rlim_max == RLIM_INFINITY || files.rlim_max > FILES_WHEN_INFINITE ? FILES_WHEN_INFINITE : files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		LOG_WARN("files.limit", LOG_S("fault", strerror(errno)));
	if (files.rlim_cur >= FILES_NEEDED)
		return 0;
	snprintf(fault, sizeof fault, "the limit of open files is %llu, and %d are needed: ulimit -Hn, or LimitNOFILE of the service",
		 (unsigned long long)files.rlim_cur, FILES_NEEDED);
	return complain(fault);
}

static struct net_listen net_listen_of(const struct config_listen *l, bool is_ops)
{
	return (struct net_listen){.is_unix = l->is_unix, .is_ops = is_ops, .host = l->host, .port = l->port, .path = l->path};
}

static void net_config_of(struct app *a, struct net_config *out)
{
	const struct config *config = a->config;
	size_t n = 0;

	for (size_t i = 0; i < config->n_listen; i++)
		a->listen[n++] = net_listen_of(&config->listen[i], false);
	for (size_t i = 0; i < config->n_listen_ops; i++)
		a->listen[n++] = net_listen_of(&config->listen_ops[i], true);
	snprintf(a->operator_path, sizeof a->operator_path, "%s/operator.sock", config->data_dir);
	a->listen[n++] = (struct net_listen){.is_unix = true, .is_operator = true, .host = "", .path = a->operator_path};
	for (size_t i = 0; i < config->n_trusted_proxies; i++) {
		memcpy(a->trusted[i].address, config->trusted_proxies[i].address, 16);
		a->trusted[i].n_bits = config->trusted_proxies[i].n_bits;
	}
	*out = (struct net_config){
		.listen = a->listen,
		.n_listen = n,
		.listen_given = config->listen_given,
		.reuse_port = config->reuse_port,
		.tls_cert = config->tls_cert,
		.tls_key = config->tls_key,
		.origins = (const char *const *)config->origins,
		.n_origins = config->n_origins,
		.trusted_proxies = a->trusted,
		.n_trusted_proxies = config->n_trusted_proxies,
		.proxy_protocol = config->proxy_protocol,
		.hsts_seconds = config->hsts_seconds,
		.web_dir = config->web_dir,
		.heartbeat_ms = config->heartbeat_ms,
		.drain_grace_ms = config->drain_grace_ms,
		.drain_ms = config->drain_ms,
		.limits = config->limits,
	};
}

static int start(struct app *a)
{
	const struct config *config = a->config;
	char fault[400] = "";
	struct chat_config chat_config = {
		.limits = config->limits,
		.guests = config->guests,
		.accounts_closed = config->accounts_closed,
		.heartbeat_ms = config->heartbeat_ms,
		.sweep_slice = config->sweep_slice,
		.sweep_rest = config->sweep_rest,
		.write_bytes = config->write_bytes,
		.room_tail_bytes = config->room_tail_bytes,
		.server_name = "parley/" PARLEY_VERSION,
	};
	struct net_config net_config;

	a->loop = loop_new();
	a->metrics = mem_new(struct metrics);
	log_count_dropped(&a->metrics->log_dropped_total);
	if (app_store_open(&a->store, a->loop, a->metrics, config, fault) != 0)
		return complain(fault);
	if (app_bus_open(&a->bus, a->loop, a->metrics, config, fault) != 0) {
		app_store_undo(&a->store);
		return complain(fault);
	}
	chat_config.bus = a->bus;
	a->chat = chat_new(a->loop, a->store.store, a->metrics, &chat_config);
	deliveries_begin(a->chat, &(struct delivery_config){
					  .policy = {.allow = config->webhook_allow, .n_allow = config->n_webhook_allow},
					  .schedule = {.attempts = config->webhook_attempts, .retry_ms = config->webhook_retry_ms},
				  });
	a->asks = asks_open(a->chat, (struct webhook_policy){.allow = config->webhook_allow, .n_allow = config->n_webhook_allow});
	net_config_of(a, &net_config);
	a->net = net_server_new(a->loop, a->chat, a->metrics, &net_config);
	if (net_server_open(a->net, fault) != 0) {
		app_store_undo(&a->store);
		return complain(fault);
	}
	return 0;
}

/* Prints a line and waits for a slow reader. The server runs even when nobody reads the line. Returns 0, or a negative errno. */
static int __attribute__((format(printf, 2, 3))) print_line(struct app *a, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof line - 1, format, args);
	va_end(args);
	n = n < (int)sizeof line - 1 ? n : (int)sizeof line - 2;
	line[n++] = '\n';
	int failed = outlet_write(&a->printed, line, (size_t)n);
	if (failed == -EAGAIN && outlet_wait(&a->printed, PRINT_WAIT_MS))
		failed = outlet_write(&a->printed, line, (size_t)n);
	return failed;
}

static void print_address(void *arg, const char *address, bool is_ops)
{
	struct app *a = arg;
	int failed = print_line(a, "parleyd: %s on %s", is_ops ? "health and metrics" : "listening", address);

	if (failed < 0)
		LOG_WARN("listen.not_printed", LOG_S("address", address), LOG_S("reason", strerror(-failed)));
}

/* Returns where a browser finds the page: the first origin, or else the first listener that is not a Unix socket. */
static void note_page(void *arg, const char *address, bool is_ops)
{
	const char **page = arg;

	if (*page == NULL && !is_ops && strncmp(address, "http", 4) == 0)
		*page = address;
}

static const char *page_of(const struct app *a)
{
	const char *page = a->config->n_origins > 0 ? a->config->origins[0] : NULL;

	net_server_addresses(a->net, note_page, &page);
	return page;
}

/* The code is in the fragment, which browsers do not send, so no log of a proxy and no log of ours has it. */
static void print_owner_link(struct app *a)
{
	const char *code = chat_owner_code(a->chat);
	const char *page = page_of(a);

	if (code == NULL)
		return;
	int failed = print_line(a, "parleyd: nobody owns this server yet; the owner's account is made at %s/own#%s",
				page != NULL ? page : "", code);
	if (failed < 0)
		LOG_WARN("owner.not_printed", LOG_S("reason", strerror(-failed)), LOG_S("instead", "parley admin owner NAME"));
}

static void flush_log(void *arg)
{
	(void)arg;
	log_flush();
}

static void on_drained(void *arg)
{
	struct app *a = arg;

	loop_stop(a->loop);
}

/* The manager waits at least this long, also where its own time to stop is less: the drain, and then the store. */
static void tell_stopping(struct app *a)
{
	char state[80];

	snprintf(state, sizeof state, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
		 (unsigned long long)(net_server_drain_most_ms(a->net) + STORE_CLOSES_MS) * 1000);
	service_notify_send(a->notify, state);
}

static void on_stop_signal(void *arg)
{
	struct app *a = arg;

	if (a->is_ending)
		return;
	tell_stopping(a);
	net_server_drain(a->net, on_drained, a);
}

static void on_reload_signal(void *arg)
{
	struct app *a = arg;

	if (!a->is_ending)
		(void)net_server_reload(a->net);
}

/* Logs the whole path, because the default is relative to the working directory, and parley admin needs the path. */
static void log_start(const struct config *config)
{
	char *whole = realpath(config->data_dir, NULL);

	LOG_INFO("server.start", LOG_S("data", whole != NULL ? whole : config->data_dir), LOG_S("version", PARLEY_VERSION));
	free(whole);
}

static void run(struct app *a)
{
	if (loop_on_signal(a->loop, SIGTERM, on_stop_signal, a) < 0 || loop_on_signal(a->loop, SIGINT, on_stop_signal, a) < 0 ||
	    loop_on_signal(a->loop, SIGHUP, on_reload_signal, a) < 0)
		LOG_WARN("signals.not_watched", LOG_S("fault", "the process ends without draining"));
	log_start(a->config);
	const char *page = page_of(a);
	if (page != NULL)
		asks_set_base(a->asks, page);
	outlet_init(&a->printed, STDOUT_FILENO);
	net_server_addresses(a->net, print_address, a);
	print_owner_link(a);
	a->log_timer = loop_timer_new(a->loop, flush_log, NULL);
	loop_timer_start(a->log_timer, LOG_FLUSH_MS, LOG_FLUSH_MS);
	a->notify = service_notify_new(a->loop);
	service_notify_send(a->notify, "READY=1");
	loop_run(a->loop);
}

/* When the loop no longer watches these signals, their default action would end the process with a wrong exit status. No other thread is left. */
static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/*
 * Stops the sockets first, which closes their sessions. Then takes what the store still returns, then frees the rest, and the library of the sockets when no other thread is left.
 * Signals stay watched until the store is closed, so that none of them ends the process before, and they are ignored.
 */
static void finish(struct app *a)
{
	a->is_ending = true;
	log_end();
	loop_timer_destroy(a->log_timer);
	service_notify_destroy(a->notify);
	a->notify = NULL;
	net_server_stop(a->net);
	asks_end(a->asks);
	if (a->chat != NULL)
		chat_drop_hashing(a->chat);
	if (a->chat != NULL)
		for (int i = 0; i < LAST_TURNS && chat_pending(a->chat) > 0; i++)
			loop_run_once(a->loop);
	if (a->chat != NULL)
		chat_lose_store(a->chat); /* a thread may still hash a password for an account that is not made any more */
	if (a->bus != NULL)
		a->bus->methods->leave(a->bus);
	app_store_close(&a->store);
	if (a->loop != NULL)
		loop_run_once(a->loop); /* what the store posted last */
	asks_destroy(a->asks);
	chat_destroy(a->chat);
	if (a->bus != NULL)
		a->bus->methods->destroy(a->bus);
	net_server_destroy(a->net);
	hold_signals();
	loop_destroy(a->loop);
	log_count_dropped(NULL);
	free(a->metrics);
	log_end();
}

int app_run(const struct config *config)
{
	struct app *a = mem_new(struct app);

	a->config = config;
	log_setup(config->log_format, config->log_level);
	log_open();
	int status = raise_file_limit();
	if (status == 0)
		status = secret_init() < 0 ? complain("there is no source of randomness") : start(a);
	if (status == 0)
		run(a);
	finish(a);
	free(a);
	return status;
}
