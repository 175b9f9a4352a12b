/*
 * One WebSocket connection to a server: handshake, masked text frames out, whole text messages in (fragments put together, pings
 * answered, closing answered). Poll-able: nothing but client_link_open() waits.
 *
 * Ownership: client_link_open() makes it, client_link_destroy() frees it (NULL is fine). One thread at a time.
 * Errors: negative errno; a sentence stands in client_link_end().
 * Limits: one message from the server has at most CLIENT_LINK_MESSAGE_MAX bytes.
 */
#ifndef PARLEY_CLIENT_LINK_H
#define PARLEY_CLIENT_LINK_H

#include "client/client_fault.h"
#include "client/client_url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_LINK_MESSAGE_MAX = 64 << 20 };

struct client_link;

/* Connects and shakes hands within timeout_ms each; NULL with *fault filled. ca_file: of client_tls_create(), for https. */
struct client_link *client_link_open(const struct client_url *url, const char *ca_file, uint32_t timeout_ms, struct client_fault *fault);
void client_link_destroy(struct client_link *l);

/* For poll(2): the descriptor, and whether something waits to be written. */
int client_link_fd(const struct client_link *l);
bool client_link_wants_write(const struct client_link *l);

/* Puts one text frame in line; client_link_flush() sends it. */
void client_link_send(struct client_link *l, const char *text, size_t n);
void client_link_ping(struct client_link *l);
/* Puts the closing frame in line (once). */
void client_link_say_goodbye(struct client_link *l);
/* Writes what the socket takes. 0, or a negative errno when the connection is gone; what the server said before that can still be
 * had from client_link_next(). */
int client_link_flush(struct client_link *l);

/* Reads what is there. 0, or a negative errno when the connection is gone. */
int client_link_receive(struct client_link *l);
/* The next whole message: 1 with *text (valid until the next call on this link; a NUL follows it), 0 when there is none yet, or
 * a negative errno: the server closed, or broke the protocol. */
int client_link_next(struct client_link *l, const char **text, size_t *n);

/* The code of the closing frame that the server sent; 0: none came. */
unsigned client_link_close_code(const struct client_link *l);
/* Why the last call failed. */
const char *client_link_end(const struct client_link *l);

#endif
