#include "store/postgres/postgres_hosts.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "a,b,c" becomes "b,c,a". What is no list stays. */
static char *moved(const char *list)
{
	size_t n = strlen(list);
	const char *comma = strchr(list, ',');
	char *out = mem_strndup(list, n);

	if (comma)
		snprintf(out, n + 1, "%s,%.*s", comma + 1, (int)(comma - list), list);
	return out;
}

static unsigned count(const char *list)
{
	unsigned n = list ? 1 : 0;
	while (list && (list = strchr(list, ',')) != NULL) {
		list++;
		n++;
	}
	return n;
}

static unsigned n_hosts(const struct postgres_hosts *h)
{
	unsigned by_name = count(h->host), by_address = count(h->hostaddr);
	return by_name > by_address ? by_name : by_address;
}

void postgres_hosts_finish(struct postgres_hosts *h)
{
	free(h->host);
	free(h->hostaddr);
	free(h->port);
	*h = (struct postgres_hosts){0};
}

void postgres_hosts_next(struct postgres_hosts *h, PGconn *conn)
{
	unsigned n_moved = h->n_moved + 1;
	PQconninfoOption *options = PQconninfo(conn); /* what the environment and a service file name is in it, too */

	if (!options)
		return;
	postgres_hosts_finish(h);
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		char **list = strcmp(o->keyword, "host") == 0       ? &h->host
			      : strcmp(o->keyword, "hostaddr") == 0 ? &h->hostaddr
			      : strcmp(o->keyword, "port") == 0     ? &h->port
								    : NULL;
		if (list && o->val && *o->val)
			*list = moved(o->val);
	}
	PQconninfoFree(options);
	h->n_moved = n_hosts(h) > 1 ? n_moved % n_hosts(h) : 0;
}

bool postgres_hosts_is_first(const struct postgres_hosts *h)
{
	return h->n_moved == 0;
}
