/*
 * The order in which the hosts of a database's address are tried. libpq goes on to the next host by itself only where the first one cannot be
 * reached or refuses: a machine that takes connections and answers nothing, or says that it is a standby, would be tried first for ever.
 *
 * Owned by a link, and used by its thread. Source: libpq, "Specifying Multiple Hosts"; PQconnectPoll() leaves all time limits to its caller.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_HOSTS_H
#define PARLEY_STORE_POSTGRES_POSTGRES_HOSTS_H

#include "store/postgres/libpq.h"

#include <stdbool.h>

/* Lists as libpq has them, separated by commas. NULL: as the address has them. All zeros is the address's order. */
struct postgres_hosts {
	char *host, *hostaddr, *port;
	unsigned n_moved; /* hosts that stand at the end instead of the beginning */
};

/* The try that made this connection failed: the next one begins with the next host. */
void postgres_hosts_next(struct postgres_hosts *h, PGconn *conn);
/* Whether the first host of the address is the first one again. */
bool postgres_hosts_is_first(const struct postgres_hosts *h);
void postgres_hosts_finish(struct postgres_hosts *h);

#endif
