/*
 * Stands between a test and its PostgreSQL server, on Unix sockets of the same name. One thread, one connection at a time.
 */
#ifndef PARLEY_TESTS_POSTGRES_PROXY_H
#define PARLEY_TESTS_POSTGRES_PROXY_H

#include <pthread.h>
#include <stdatomic.h>

struct postgres_proxy {
	char folder[64]; /* its socket's */
	char server[64]; /* the server's socket's folder */
	pthread_t thread;
	int listener, stop_read, stop_write;
	atomic_int delay_ms;    /* each way */
	atomic_bool loses_next; /* what the server says next is thrown away, and the connection is closed; then it is false again */
};

void postgres_proxy_make(struct postgres_proxy *p, const char *server_folder);
void postgres_proxy_lose_next_answer(struct postgres_proxy *p);
void postgres_proxy_remove(struct postgres_proxy *p);

#endif
