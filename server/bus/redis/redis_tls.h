/*
 * TLS towards a Redis: a redis_layer over the TLS of the client library (client/client_tls.h), which checks the certificate in every case.
 *
 * Owner: the redis_conn. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_TLS_H
#define PARLEY_BUS_REDIS_REDIS_TLS_H

#include "bus/redis/redis_layer.h"

/* For a connected, nonblocking socket to `host`, which the server's certificate has to name. ca_file NULL: the system's authorities. Returns NULL with
 * a sentence. */
struct redis_layer *redis_tls_new(int fd, const char *host, const char *ca_file, char why[REDIS_WHY_BYTES]);

#endif
