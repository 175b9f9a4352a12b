#include "net/accept/listener.h"

#include "base/log.h"
#include "base/memory.h"
#include "codec/unix_address.h"
#include "net/accept/arrival.h"
#include "net/accept/pressure.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BACKLOG = 4096,
	ACCEPTS_PER_TURN = 64,
	WARN_EVERY_MS = 10000,
	USER_TIMEOUT_MS = 30000, /* for which data may stay unacknowledged before the kernel gives the peer up */
	SEND_BUFFER_BYTES =
		262144, /* of payload; the kernel counts about twice that. Without it the kernel grows the buffer to 4 MiB for a peer that reads nothing */
	SYSTEMD_FIRST_FD = 3,
};

static void set_options(int fd)
{
	int on = 1;
	unsigned timeout_ms = USER_TIMEOUT_MS;
	int send_bytes = SEND_BUFFER_BYTES;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
	/* Both fail on a Unix socket, which needs neither. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

bool listener_may_warn(struct listener *l)
{
	uint64_t now_ms = loop_now_ms(l->server->loop);

	if (l->warned_ms != 0 && now_ms - l->warned_ms < WARN_EVERY_MS)
		return false;
	l->warned_ms = now_ms;
	return true;
}

static void warn(struct listener *l, const char *what)
{
	if (listener_may_warn(l))
		LOG_WARN(what, LOG_S("listener", l->address));
}

/* Pauses until the next tick, because the socket stays readable when accepting fails. */
static void pause_accepting(struct listener *l)
{
	l->is_paused = true;
	loop_watch_pause(l->watch, true);
}

/* No descriptors are left. The caller would wait in the kernel without end, so it is accepted on the spare descriptor and closed. */
static bool turn_away(struct listener *l)
{
	close(l->spare_fd);
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		metric_add(&l->server->metrics->refused_total, 1);
	return fd >= 0;
}

static bool goes_on_after(struct listener *l, int error)
{
	switch (error) {
	case EAGAIN:
		return false;
	case EINTR:
	case ECONNABORTED:
		return true;
	case EMFILE:
	case ENFILE:
		warn(l, "accept.no_descriptors");
		if (turn_away(l))
			return true;
		break;
	default: /* ENOMEM, ENOBUFS */
		warn(l, "accept.failed");
	}
	pause_accepting(l);
	return false;
}

bool listener_trusts(const struct listener *l, const struct peer_address *peer)
{
	const struct net_config *config = &l->server->config;

	return !l->is_operator && address_trusted(peer, config->trusted_proxies, config->n_trusted_proxies);
}

static void refuse(struct listener *l, int fd)
{
	metric_add(&l->server->metrics->refused_total, 1);
	close(fd);
}

bool listener_has_room_for(const struct listener *l, const struct conn_origin *origin)
{
	uint8_t key[16];

	address_key(&origin->peer, key);
	return l->is_operator || origin->is_proxied || admission_has_room_for(&l->server->admission, key);
}

void listener_admit(struct listener *l, int fd, const struct conn_origin *origin)
{
	struct net_server *s = l->server;

	set_options(fd);
	s->accepting = l;
	s->accepting_origin = origin;
	/* On failure the library closes the descriptor. If conn_new() has run, the library's last callback frees the connection. */
	(void)lws_adopt_descriptor_vhost(l->is_tls ? s->vhost_tls : s->vhost_plain,
					 LWS_ADOPT_SOCKET | (l->is_tls ? LWS_ADOPT_ALLOW_SSL : 0), (lws_sock_file_fd_type){.sockfd = fd},
					 NULL, NULL);
	s->accepting = NULL;
	pressure_of_requests(s);
}

/* Takes an accepted socket. Under the PROXY protocol only trusted proxies may connect, and the limits count the clients that they name. */
static void arrive(struct listener *l, int fd, const struct peer_address *peer)
{
	struct net_server *s = l->server;
	bool awaits_proxy = s->config.proxy_protocol && !l->is_operator && !l->is_ops;
	struct conn_origin origin = {.peer = *peer, .is_proxied = listener_trusts(l, peer)};

	if (awaits_proxy && !origin.is_proxied)
		refuse(l, fd);
	else if (!l->is_operator && !admission_has_room(&s->admission) && !pressure_of_connections(s))
		refuse(l, fd);
	else if (!awaits_proxy && !listener_has_room_for(l, &origin))
		refuse(l, fd);
	else
		arrival_begin(l, fd, &origin, awaits_proxy);
}

static void accept_ready(void *arg)
{
	struct listener *l = arg;

	for (int i = 0; i < ACCEPTS_PER_TURN && !l->server->draining; i++) {
		struct sockaddr_storage storage = {0};
		socklen_t size = sizeof storage;
		int fd = accept4(l->fd, (struct sockaddr *)&storage, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (goes_on_after(l, errno))
				continue;
			return;
		}
		struct peer_address peer = address_of_sockaddr((const struct sockaddr *)&storage);
		arrive(l, fd, &peer);
	}
}

/* listen_on is NULL for a socket that systemd handed over. */
static struct listener *add(struct net_server *s, int fd, bool is_unix, const struct net_listen *listen_on)
{
	struct listener *l = mem_new(struct listener);

	l->server = s;
	l->fd = fd;
	l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->is_unix = is_unix;
	l->is_operator = listen_on != NULL && listen_on->is_operator;
	l->is_ops = listen_on != NULL && listen_on->is_ops;
	l->is_tls = !is_unix && !l->is_ops && s->config.tls_cert != NULL;
	s->has_ops = s->has_ops || l->is_ops;
	l->watch = loop_watch_readable(s->loop, fd, accept_ready, l);
	list_append(&s->listeners, &l->link);
	return l;
}

/* Writes the address that the kernel reports, which has the real port when port 0 was asked for. */
static void tell_address(struct listener *l)
{
	struct sockaddr_storage storage = {0};
	socklen_t size = sizeof storage;
	const char *scheme = l->is_tls ? "https" : "http";
	char host[ADDRESS_TEXT_BYTES];

	getsockname(l->fd, (struct sockaddr *)&storage, &size);
	if (storage.ss_family == AF_UNIX) {
		struct sockaddr_un un;
		memcpy(&un, &storage, sizeof un);
		snprintf(l->address, sizeof l->address, "unix:%.*s", (int)sizeof un.sun_path, un.sun_path);
		return;
	}
	if (storage.ss_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, &storage, sizeof in);
		inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
		snprintf(l->address, sizeof l->address, "%s://%s:%u", scheme, host, ntohs(in.sin_port));
		return;
	}
	struct sockaddr_in6 in6;
	memcpy(&in6, &storage, sizeof in6);
	inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
	snprintf(l->address, sizeof l->address, "%s://[%s]:%u", scheme, host, ntohs(in6.sin6_port));
}

static int fail(char fault[400], int fd, const char *what, const char *doing)
{
	snprintf(fault, 400, "cannot listen on %s: %s: %s", what, doing, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int fail_with_hint(char fault[400], int fd, const char *what, const char *doing)
{
	const char *hint = "";
	if (errno == EADDRINUSE)
		hint = "; another program listens there, or another listener of this one: stop it, or choose another address with --listen or --listen-ops";
	else if (errno == EACCES)
		hint = "; this user may not: choose a port above 1023, or have the service manager allow it (CAP_NET_BIND_SERVICE)";
	fail(fault, fd, what, doing);
	size_t used = strlen(fault);
	snprintf(fault + used, 400 - used, "%s", hint);
	return -1;
}

static int open_tcp(struct net_server *s, const struct net_listen *listen_on, char fault[400])
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(listen_on->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(listen_on->port)};
	bool everywhere = listen_on->host[0] == '\0';
	bool v6 = everywhere || strchr(listen_on->host, ':') != NULL;
	char what[128];
	int on = 1, off = 0;

	snprintf(what, sizeof what, v6 && !everywhere ? "[%s]:%u" : "%s:%u", listen_on->host, listen_on->port);
	if (!everywhere && inet_pton(v6 ? AF_INET6 : AF_INET, listen_on->host, v6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr) != 1) {
		errno = EINVAL;
		return fail(fault, -1, what, "not a numeric address");
	}
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && everywhere) { /* the machine has no IPv6 */
		v6 = false;
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd < 0)
		return fail(fault, fd, what, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (s->config.reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
		return fail(fault, fd, what, "SO_REUSEPORT");
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, everywhere ? &off : &on, sizeof on);
	if (bind(fd, v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in, v6 ? sizeof in6 : sizeof in) < 0)
		return fail_with_hint(fault, fd, what, "bind");
	if (listen(fd, BACKLOG) < 0)
		return fail_with_hint(fault, fd, what, "listen");
	tell_address(add(s, fd, false, listen_on));
	return 0;
}

/* Removes a socket's file on which no process listens: an earlier run left it. */
static bool remove_stale(const struct sockaddr_un *un)
{
	struct stat st;

	if (lstat(un->sun_path, &st) < 0)
		return true;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool alive = connect(fd, (const struct sockaddr *)un, sizeof *un) == 0 || errno != ECONNREFUSED;
	close(fd);
	if (alive) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(un->sun_path) == 0;
}

static int bind_unix(struct net_server *s, const struct net_listen *listen_on, const struct sockaddr_un *un, char fault[400])
{
	if (!remove_stale(un))
		return fail(fault, -1, listen_on->path, "the file is there");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(fault, fd, listen_on->path, "socket");
	mode_t before = umask(listen_on->is_operator ? 0177 : 0);
	int bound = bind(fd, (const struct sockaddr *)un, sizeof *un);
	umask(before);
	if (bound < 0)
		return fail(fault, fd, listen_on->path, "bind");
	if (listen(fd, BACKLOG) < 0)
		return fail(fault, fd, listen_on->path, "listen");
	struct listener *l = add(s, fd, true, listen_on);
	l->unlink_path = mem_strndup(listen_on->path, strlen(listen_on->path));
	tell_address(l);
	return 0;
}

static int open_unix(struct net_server *s, const struct net_listen *listen_on, char fault[400])
{
	struct unix_address address;
	int failed = unix_address_init(&address, listen_on->path);

	if (failed != 0) {
		errno = -failed;
		return fail(fault, -1, listen_on->path, "path");
	}
	failed = bind_unix(s, listen_on, &address.un, fault);
	unix_address_finish(&address);
	return failed;
}

/* Returns NULL when the descriptor is a listening socket, otherwise what is wrong with it. */
static const char *handed_fault(int fd)
{
	int type = 0, listens = 0;
	socklen_t size = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return "is not a socket"; /* a descriptor that was closed at the start may now be one of ours */
	if (type != SOCK_STREAM)
		return "is not a stream socket";
	size = sizeof listens;
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens ? NULL : "does not listen";
}

/* sd_listen_fds(3) without its library. Returns the number of handed sockets, or -1 when they cannot be used. */
static long adopt_systemd(struct net_server *s, char fault[400])
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

	if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	char end;
	int n_fds;
	if (count[0] < '0' || count[0] > '9' || sscanf(count, "%4d%c", &n_fds, &end) != 1) {
		snprintf(fault, 400, "LISTEN_FDS is not a number of descriptors: %.100s", count);
		return -1;
	}
	for (int i = 0; i < n_fds; i++) {
		int fd = SYSTEMD_FIRST_FD + i;
		struct sockaddr_storage storage = {0};
		socklen_t size = sizeof storage;
		const char *wrong = handed_fault(fd);
		if (wrong != NULL) {
			snprintf(fault, 400, "descriptor %d, which LISTEN_FDS hands over, %s", fd, wrong);
			return -1;
		}
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, O_NONBLOCK);
		getsockname(fd, (struct sockaddr *)&storage, &size);
		tell_address(add(s, fd, storage.ss_family == AF_UNIX, NULL));
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return n_fds;
}

int listeners_open(struct net_server *s, char fault[400])
{
	long n_handed = adopt_systemd(s, fault);

	if (n_handed < 0)
		return -1;
	if (n_handed > 0 && s->config.listen_given)
		LOG_WARN("listen.replaced",
			 LOG_S("consequence", "the sockets that systemd hands over are used, and not those of --listen"));
	for (size_t i = 0; i < s->config.n_listen; i++) {
		const struct net_listen *listen_on = &s->config.listen[i];
		if (n_handed > 0 && !listen_on->is_operator && !listen_on->is_ops)
			continue;
		int result = listen_on->is_unix ? open_unix(s, listen_on, fault) : open_tcp(s, listen_on, fault);
		if (result < 0)
			return -1;
	}
	return 0;
}

void listeners_close(struct net_server *s)
{
	arrivals_close(s);
	list_for_each_safe(it, &s->listeners) {
		struct listener *l = list_entry(it, struct listener, link);
		list_remove(&l->link);
		loop_watch_destroy(l->watch);
		close(l->fd);
		if (l->spare_fd >= 0)
			close(l->spare_fd);
		if (l->unlink_path != NULL)
			unlink(l->unlink_path);
		free(l->unlink_path);
		free(l);
	}
}

void listeners_resume(struct net_server *s)
{
	list_for_each(it, &s->listeners) {
		struct listener *l = list_entry(it, struct listener, link);
		if (!l->is_paused)
			continue;
		l->is_paused = false;
		loop_watch_pause(l->watch, false);
	}
}
