/* The store's own threads: named, and deaf to signals, which are the loop thread's. */
#ifndef PARLEY_STORE_WORK_STORE_THREAD_H
#define PARLEY_STORE_WORK_STORE_THREAD_H

#include <pthread.h>

/* Ends the process when there are no threads to be had: without them there is no server. */
void store_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg);

#endif
