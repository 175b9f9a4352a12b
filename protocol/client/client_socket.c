/*
 * Resolves and connects. Each address of the host is tried in the resolver's order.
 */
#include "client/client_socket.h"

#include "codec/unix_address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connects within timeout_ms. Returns the descriptor, or a negative errno. */
static int connect_address(const struct sockaddr *address, socklen_t n, uint32_t timeout_ms)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, address, n) != 0) {
		error = errno;
		if (error == EINPROGRESS) {
			struct pollfd waiting = {.fd = fd, .events = POLLOUT};
			socklen_t size = sizeof error;
			if (poll(&waiting, 1, (int)timeout_ms) != 1)
				error = ETIMEDOUT;
			else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
				error = errno;
		}
	}
	if (error != 0) {
		(void)close(fd);
		return -error;
	}
	return fd;
}

static int connect_unix(const struct client_url *url, uint32_t timeout_ms)
{
	struct unix_address address;
	int fd = unix_address_init(&address, url->path);

	if (fd == 0)
		fd = connect_address((const struct sockaddr *)&address.un, sizeof address.un, timeout_ms);
	unix_address_finish(&address);
	return fd;
}

static int connect_tcp(const struct client_url *url, uint32_t timeout_ms, struct client_fault *fault)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
	int result = -EHOSTUNREACH;
	int failure = getaddrinfo(url->host, url->port, &hints, &found);

	if (failure != 0) {
		client_fault_set(fault, "cannot find %s: %s", url->host, gai_strerror(failure));
		return -EHOSTUNREACH;
	}
	for (const struct addrinfo *a = found; a != NULL && result < 0; a = a->ai_next)
		result = connect_address(a->ai_addr, a->ai_addrlen, timeout_ms);
	freeaddrinfo(found);
	if (result >= 0) {
		int on = 1; /* requests are small, and each waits for its reply */
		(void)setsockopt(result, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	}
	return result;
}

int client_socket_connect(const struct client_url *url, uint32_t timeout_ms, struct client_fault *fault)
{
	fault->text[0] = '\0';
	int fd = url->is_unix ? connect_unix(url, timeout_ms) : connect_tcp(url, timeout_ms, fault);

	if (fd < 0 && fault->text[0] == '\0') {
		char where[400];
		(void)snprintf(where, sizeof where, "%s%.300s",
			       url->is_unix  ? "unix:"
			       : url->is_tls ? "https://"
					     : "http://",
			       url->is_unix ? url->path : url->host_header);
		if (fd == -ECONNREFUSED || fd == -ENOENT)
			client_fault_set(fault, "no server is running at %.200s (%s)", where, strerror(-fd));
		else
			client_fault_set(fault, "cannot connect to %.200s: %s", where, strerror(-fd));
	}
	return fd;
}
