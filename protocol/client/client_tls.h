/*
 * TLS 1.2 or newer over a connected, non-blocking socket, with OpenSSL. The server's certificate is checked against the system's store, or against one file
 * of certificates in its place, and against the host's name or address. The check cannot be turned off.
 *
 * Ownership: client_tls_create() makes it, client_tls_destroy() frees it and accepts NULL. The socket stays the caller's and must outlive it. One thread at a
 * time. OpenSSL writes with write(2), so the process ignores SIGPIPE.
 */
#ifndef PARLEY_CLIENT_TLS_H
#define PARLEY_CLIENT_TLS_H

#include "client/client_fault.h"

#include <stddef.h>
#include <sys/types.h>

enum { CLIENT_TLS_RECORD_BYTES = 16384, CLIENT_TLS_HOST_BYTES = 256 };

struct client_tls;

struct client_trust {
	const char *ca_file; /* PEM certificates of the authorities to trust; NULL: the system's */
	const char *option;  /* what names that file, for a fault's words; lives as long as the client_tls */
};

/* host is a name, or an address without brackets, shorter than CLIENT_TLS_HOST_BYTES. Returns NULL with *fault filled. */
struct client_tls *client_tls_create(int fd, const char *host, const struct client_trust *trust, struct client_fault *fault);
/* Sends close_notify if that is still possible, and frees. */
void client_tls_destroy(struct client_tls *t);

/* Does one step of the handshake. Returns 1 when it is done. Returns 0 when poll(2) has to wait for *events first. Returns -EPROTO with *fault filled when
 * it fails. */
int client_tls_handshake(struct client_tls *t, short *events, struct client_fault *fault);

/* Work as recv(2) and send(2). Reading needs room for a whole record. They return the number of bytes, 0 at the end of the connection, or -1 with errno.
 * EAGAIN means not now, EPROTO means that TLS was broken. */
ssize_t client_tls_read(struct client_tls *t, void *out, size_t n);
ssize_t client_tls_write(struct client_tls *t, const void *bytes, size_t n);
/* What poll(2) has to wait for after the last EAGAIN: TLS may have to write before it can read. */
short client_tls_waits_for(const struct client_tls *t);

#endif
