/*
 * Sets the library up and shuts it down. Its one callback leads to conn.h.
 *
 * The library runs on our loop. To shut it down takes two calls of lws_context_destroy() with turns of the loop in between; 4.3.5 finishes by itself
 * in such a turn. The library clears server->context when it is done. 4.1.6 closes the number of its event pipe twice meanwhile: what another thread opens
 * between would be closed, so no other thread may run then.
 */
#include "net/net_server.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/accept/arrival.h"
#include "net/accept/listener.h"
#include "net/accept/pressure.h"
#include "net/accept/tls_files.h"
#include "net/conn/conn.h"
#include "net/drain.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { WHEEL_SLOTS = 512, SPARE_DESCRIPTORS = 64, DESTROY_TURNS = 1000, NEVER_S = 1 << 30 };

/* Logs a line of the library without its end of line. The library passes no context, so this function has none. */
static void log_line(int level, const char *line)
{
	char text[200];

	snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
	log_write(level == LLL_ERR ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "net.library", (const struct log_field[]){LOG_S("line", text)}, 1);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct conn *c;

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS: /* `user` is the SSL_CTX of the virtual host that is being made */
		tls_files_serve(user, &((struct net_server *)lws_context_user(lws_get_context(wsi)))->tls_files);
		return 0;
	case LWS_CALLBACK_RAW_ADOPT:
		conn_new(lws_context_user(lws_get_context(wsi)), wsi);
		return 0;
	case LWS_CALLBACK_RAW_RX:
		if ((c = conn_of(wsi)) != NULL)
			conn_take(c, in, len);
		return 0;
	case LWS_CALLBACK_RAW_WRITEABLE:
		if ((c = conn_of(wsi)) != NULL)
			conn_took(c);
		return 0;
	case LWS_CALLBACK_RAW_CLOSE:
		if ((c = conn_of(wsi)) != NULL)
			conn_closed(c);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		if ((c = conn_of(wsi)) != NULL)
			conn_free(c);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "parley", .callback = on_event, .tx_packet_size = 8 << 20},
	{.name = NULL},
};

static const lws_retry_bo_t no_retry = {.retry_ms_table = NULL}; /* heartbeat.c pings, and not the library */

static void common_info(struct lws_context_creation_info *info)
{
	memset(info, 0, sizeof *info);
	info->port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info->protocols = protocols;
	info->retry_and_idle_policy = &no_retry;
	info->timeout_secs =
		NEVER_S; /* heartbeat.c has the deadlines; after a TLS handshake the library sets one of its own, see conn_take() */
	info->gid = (__typeof__(info->gid))-1; /* int in older versions of the library, unsigned in newer ones */
	info->uid = (__typeof__(info->uid))-1;
	info->alpn = "http/1.1";
}

static bool make_context(struct net_server *s)
{
	struct lws_context_creation_info info;
	void *loops[1] = {loop_foreign(s->loop)};

	common_info(&info);
	info.options |= LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	if (s->config.tls_cert != NULL)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info.foreign_loops = loops;
	info.user = s;
	info.pcontext = &s->context;
	info.pt_serv_buf_size = LWS_PRE + NET_READ_BYTES;
	s->context = lws_create_context(&info);
	return s->context != NULL;
}

static bool make_vhosts(struct net_server *s)
{
	struct lws_context_creation_info info;

	common_info(&info);
	info.vhost_name = "plain";
	s->vhost_plain = lws_create_vhost(s->context, &info);
	if (s->vhost_plain == NULL || s->config.tls_cert == NULL)
		return s->vhost_plain != NULL;
	info.vhost_name = "tls";
	info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info.ssl_cert_filepath = s->config.tls_cert;
	info.ssl_private_key_filepath = s->config.tls_key;
	info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION;
	s->vhost_tls = lws_create_vhost(s->context, &info);
	return s->vhost_tls != NULL;
}

static void on_tick(void *arg)
{
	struct net_server *s = arg;

	listeners_resume(s);
	arrivals_tick(s);
	pressure_tick(s);
	heartbeat_tick(s);
}

/* Arrivals are handed on last: the next turn serves their requests. */
static void at_turn_end(void *arg)
{
	struct net_server *s = arg;

	conn_flush_all(s);
	arrivals_go_on(s);
}

static size_t connections_max(const struct net_config *config)
{
	struct rlimit files;

	if (config->limits.connections > 0)
		return (size_t)config->limits.connections;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= SPARE_DESCRIPTORS * 2)
		return SPARE_DESCRIPTORS;
	return (size_t)files.rlim_cur - SPARE_DESCRIPTORS;
}

/* Replaces the pair in use by the pair that the files hold now. */
static bool read_certificate(struct net_server *s, char fault[400])
{
	if (s->config.tls_cert == NULL)
		return true;
	struct tls_files *files = tls_files_read(s->config.tls_cert, s->config.tls_key, fault, 400);
	if (files == NULL)
		return false;
	tls_files_free(s->tls_files);
	s->tls_files = files;
	return true;
}

static bool check_web_dir(const struct net_config *config, char fault[400])
{
	struct stat st;

	if (config->web_dir == NULL)
		return true;
	int error = stat(config->web_dir, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (error != 0)
		snprintf(fault, 400, "--web-dir %s: %s", config->web_dir, strerror(error));
	return error == 0;
}

struct net_server *net_server_new(struct loop *l, struct chat *chat, struct metrics *m, const struct net_config *config)
{
	struct net_server *s = mem_new(struct net_server);

	s->loop = l;
	s->chat = chat;
	s->metrics = m;
	s->config = *config;
	own_names_init(&s->own_names);
	list_init(&s->listeners);
	list_init(&s->arrivals);
	list_init(&s->ready);
	list_init(&s->conns);
	list_init(&s->dirty);
	list_init(&s->dead);
	list_init(&s->probe_waiters);
	admission_init(&s->admission, connections_max(config), (size_t)config->limits.address_connections);
	s->wheel = wheel_new(loop_now_ms(l), NET_TICK_MS, WHEEL_SLOTS);
	return s;
}

int net_server_open(struct net_server *s, char fault[400])
{
	const struct net_config *config = &s->config;

	if (!check_web_dir(config, fault) || !read_certificate(s, fault) || listeners_open(s, fault) < 0)
		return -EINVAL;
	lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
	if (!make_context(s)) {
		snprintf(fault, 400, "cannot start libwebsockets (is its plugin for libuv, libwebsockets-evlib-uv, installed?)");
		return -EINVAL;
	}
	if (!make_vhosts(s)) {
		snprintf(fault, 400, "libwebsockets cannot use the certificate %s with the key %s", config->tls_cert, config->tls_key);
		return -EINVAL;
	}
	loop_at_turn_end(s->loop, TURN_END_REPLIES, at_turn_end, s);
	s->tick = loop_timer_new(s->loop, on_tick, s);
	loop_timer_start(s->tick, NET_TICK_MS, NET_TICK_MS);
	return 0;
}

void net_server_addresses(const struct net_server *s, void (*put)(void *arg, const char *address, bool is_ops), void *arg)
{
	list_for_each(it, &s->listeners) {
		const struct listener *l = list_entry(it, struct listener, link);
		if (!l->is_operator)
			put(arg, l->address, l->is_ops);
	}
}

int net_server_reload(struct net_server *s)
{
	char fault[400];

	if (s->vhost_tls == NULL || s->draining)
		return 0;
	if (!read_certificate(s, fault)) {
		LOG_ERROR("tls.reload_failed", LOG_S("reason", fault),
			  LOG_S("consequence", "the certificate that was read before stays in use"));
		return -EINVAL;
	}
	LOG_INFO("tls.read_again", LOG_S("certificate", s->config.tls_cert));
	return 0;
}

void net_server_stop(struct net_server *s)
{
	if (s == NULL || s->is_stopped)
		return;
	s->is_stopped = true;
	s->leaving = s->draining = true;
	s->drained = NULL;
	listeners_close(s);
	loop_timer_destroy(s->tick);
	s->tick = NULL;
	list_for_each(it, &s->conns)
		conn_cut(list_entry(it, struct conn, link), CLOSE_GOING_AWAY);
	conn_cut_dead(s);
}

static void destroy_context(struct net_server *s)
{
	if (s->context != NULL)
		lws_context_destroy(s->context);
	for (int i = 0; i < DESTROY_TURNS && s->context != NULL; i++) {
		loop_run_once(s->loop);
		if (s->context != NULL && list_empty(&s->conns) && i > 2)
			lws_context_destroy(s->context);
	}
	assert(s->context == NULL);
}

void net_server_destroy(struct net_server *s)
{
	if (s == NULL)
		return;
	net_server_stop(s);
	destroy_context(s);
	wheel_destroy(s->wheel);
	admission_finish(&s->admission);
	tls_files_free(s->tls_files);
	free(s);
}
