/*
 * TLS over a connected, non-blocking socket, with OpenSSL: 1.2 or newer, the server's certificate checked against the system's store (or one file
 * of certificates in its place) and against the host's name or address. There is no way to leave the check out.
 *
 * Ownership: client_tls_create() makes it, client_tls_destroy() frees it (NULL is fine); the socket stays the caller's and must outlive it. One
 * thread at a time. OpenSSL writes with write(2): the process ignores SIGPIPE.
 */
#ifndef PARLEY_CLIENT_TLS_H
#define PARLEY_CLIENT_TLS_H

#include "client/client_fault.h"

#include <stddef.h>
#include <sys/types.h>

enum { CLIENT_TLS_RECORD_BYTES = 16384 };

struct client_tls;

/* ca_file: PEM certificates of the authorities to trust, NULL: the system's. host: a name, or an address without brackets. NULL with *fault filled. */
struct client_tls *client_tls_create(int fd, const char *host, const char *ca_file, struct client_fault *fault);
/* Tells the server goodbye where that still goes. */
void client_tls_destroy(struct client_tls *t);

/* One step of the handshake: 1 when it is done, 0 when poll(2) is to wait for *events first, -EPROTO with *fault filled. */
int client_tls_handshake(struct client_tls *t, short *events, struct client_fault *fault);

/* As recv(2) and send(2), but read with room for a whole record: how many bytes, 0 at the end of the connection, or -1 with errno (EAGAIN: not now; EPROTO: TLS was broken). */
ssize_t client_tls_read(struct client_tls *t, void *out, size_t n);
ssize_t client_tls_write(struct client_tls *t, const void *bytes, size_t n);

#endif
