/*
 * A connected, non-blocking stream socket to a URL.
 */
#ifndef PARLEY_CLIENT_SOCKET_H
#define PARLEY_CLIENT_SOCKET_H

#include "client/client_fault.h"
#include "client/client_url.h"

#include <stdint.h>

/* Waits at most timeout_ms. Returns the descriptor, which the caller closes, or a negative errno with *fault filled. */
int client_socket_connect(const struct client_url *url, uint32_t timeout_ms, struct client_fault *fault);

#endif
