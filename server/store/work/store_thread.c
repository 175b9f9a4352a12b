#include "store/work/store_thread.h"

#include <signal.h>
#include <stdlib.h>

void store_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(thread, NULL, run, arg) != 0)
		abort();
	pthread_setname_np(*thread, name);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
