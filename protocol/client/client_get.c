/*
 * The request asks for the end of the connection behind the response (RFC 9112 section 9.6), so the end tells that the response is whole.
 */
#include "client/client_get.h"

#include "client/client_clock.h"
#include "client/client_socket.h"
#include "client/client_tls.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct get {
	int fd;
	struct client_tls *tls; /* NULL: none */
	int64_t until_ms;
	struct client_fault *fault;
};

/* Returns false when the time is over. */
static bool wait_for(const struct get *g, short events)
{
	struct pollfd waiting = {.fd = g->fd, .events = events};
	int n;

	do {
		int64_t left_ms = g->until_ms - client_clock_ms();
		n = left_ms > 0 ? poll(&waiting, 1, (int)left_ms) : 0;
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		client_fault_set(g->fault, "the server does not answer in time");
	return n > 0;
}

static bool start_tls(struct get *g, const char *host, const char *ca_file)
{
	int done;
	short events;

	g->tls = client_tls_create(g->fd, host, &(struct client_trust){.ca_file = ca_file, .option = "--ca-file"}, g->fault);
	if (g->tls == NULL)
		return false;
	while ((done = client_tls_handshake(g->tls, &events, g->fault)) == 0)
		if (!wait_for(g, events))
			return false;
	return done > 0;
}

/* Whether the call that returned n has to be made again, after a wait. A time that is over fills the fault. */
static bool is_for_later(const struct get *g, ssize_t n, short events)
{
	return n < 0 && (errno == EINTR || (errno == EAGAIN && wait_for(g, events)));
}

static bool send_request(const struct get *g, const struct buf *request)
{
	size_t sent = 0;

	while (sent < request->len) {
		const uint8_t *at = request->data + sent;
		size_t left = request->len - sent;
		ssize_t n = g->tls != NULL ? client_tls_write(g->tls, at, left) : send(g->fd, at, left, MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
		else if (!is_for_later(g, n, POLLOUT))
			return false;
	}
	return true;
}

static bool read_response(const struct get *g, struct buf *response)
{
	ssize_t n = 1;

	while (n != 0 && response->len < CLIENT_GET_BYTES_MAX) {
		uint8_t *at = buf_reserve(response, CLIENT_TLS_RECORD_BYTES);
		n = g->tls != NULL ? client_tls_read(g->tls, at, CLIENT_TLS_RECORD_BYTES) : recv(g->fd, at, CLIENT_TLS_RECORD_BYTES, 0);
		if (n > 0)
			response->len += (size_t)n;
		else if (n < 0 && !is_for_later(g, n, POLLIN))
			return false;
	}
	return n == 0;
}

/* Returns the status, or -EPROTO. */
static int take_response(const struct get *g, const struct buf *response, struct buf *body)
{
	static const char version[] = "HTTP/1.1 ";
	size_t n_version = sizeof version - 1;
	const uint8_t *head_end = response->len > 0 ? memmem(response->data, response->len, "\r\n\r\n", 4) : NULL;
	int status = 0;

	if (head_end == NULL || response->len < n_version + 3 || memcmp(response->data, version, n_version) != 0) {
		client_fault_set(g->fault, "what answers there is no HTTP server, or ended in the middle");
		return -EPROTO;
	}
	for (size_t i = n_version; i < n_version + 3; i++)
		status = status * 10 + (response->data[i] - '0');
	buf_append(body, head_end + 4, response->len - (size_t)(head_end + 4 - response->data));
	return status;
}

int client_get(const struct client_url *url, const char *path, const char *ca_file, uint32_t timeout_ms, struct buf *body,
	       struct client_fault *fault)
{
	auto_buf request = BUF_INIT, response = BUF_INIT;
	struct get g = {.until_ms = client_clock_ms() + timeout_ms, .fault = fault};

	g.fd = client_socket_connect(url, timeout_ms, fault);
	if (g.fd < 0)
		return g.fd;
	client_fault_set(fault, "the connection failed");
	buf_appendf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, url->host_header);
	int status = -EPROTO;
	if ((!url->is_tls || start_tls(&g, url->host, ca_file)) && send_request(&g, &request) && read_response(&g, &response))
		status = take_response(&g, &response, body);
	client_tls_destroy(g.tls);
	(void)close(g.fd);
	return status;
}
