/*
 * One WebSocket connection to a server: the handshake, masked text frames out, whole text messages in. It joins fragments and answers pings and closing
 * frames. Its descriptor can be polled: only client_link_open() waits.
 *
 * Ownership: client_link_open() makes it, client_link_destroy() frees it and accepts NULL. One thread at a time.
 * Errors: functions return a negative errno, and client_link_end() has a sentence.
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

/* Connects within timeout_ms and does the handshake within timeout_ms. Returns NULL with *fault filled. ca_file is that of struct client_trust, for
 * https. */
struct client_link *client_link_open(const struct client_url *url, const char *ca_file, uint32_t timeout_ms, struct client_fault *fault);
void client_link_destroy(struct client_link *l);

/* For poll(2): the descriptor, and whether bytes wait to be written. */
int client_link_fd(const struct client_link *l);
bool client_link_wants_write(const struct client_link *l);

/* Queues one text frame. client_link_flush() sends it. */
void client_link_send(struct client_link *l, const char *text, size_t n);
void client_link_ping(struct client_link *l);
/* Queues the closing frame, once. */
void client_link_say_goodbye(struct client_link *l);
/* Writes what the socket takes. Returns 0, or a negative errno when the connection is gone. client_link_next() still returns the messages that arrived
 * before. */
int client_link_flush(struct client_link *l);

/* Reads what has arrived. Returns 0, or a negative errno when the connection is gone. */
int client_link_receive(struct client_link *l);
/* Returns 1 with the next whole message in *text. It is valid until the next call on this link, and a NUL follows it. Returns 0 when there is none yet.
 * Returns a negative errno when the server has closed the connection or has broken the protocol. */
int client_link_next(struct client_link *l, const char **text, size_t *n);

/* Returns the code of the server's closing frame, or 0 when none has arrived. */
unsigned client_link_close_code(const struct client_link *l);
/* Returns why the last call failed, as a sentence. */
const char *client_link_end(const struct client_link *l);

#endif
