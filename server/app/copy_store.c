#include "app/copy_store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "store/copy/copy.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { PROGRESS_MS = 200 };

struct telling {
	bool is_terminal;
	uint64_t next_ms;
};

static void tell_progress(void *arg, const char *stage, const char *table, uint64_t n_rows, bool is_over)
{
	struct telling *t = arg;
	uint64_t now_ms = clock_mono_ms();

	if (!is_over && (!t->is_terminal || now_ms < t->next_ms))
		return;
	t->next_ms = now_ms + PROGRESS_MS;
	(void)fprintf(stderr, "%s%s %s: %" PRIu64 " rows%s", t->is_terminal ? "\r" : "", stage, table, n_rows, is_over ? "\n" : "");
	(void)fflush(stderr);
}

static void tell_note(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", text);
}

/* Waits of their own are ended by them no more: the copy looks for them where it can stop. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int copy_store_run(int n_words, char **words)
{
	char fault[COPY_FAULT_BYTES];
	struct telling telling = {.is_terminal = isatty(STDERR_FILENO) == 1};

	if (n_words != 2) {
		log_say("usage: parleyd copy FROM TO; one is sqlite:DIR, the other postgresql://…");
		return 2;
	}
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	block_signals();
	if (secret_init() < 0) {
		log_say("there is no source of randomness");
		return 1;
	}
	const struct copy_watcher watcher = {.progress = tell_progress, .note = tell_note, .arg = &telling};
	if (copy_run(words[0], words[1], &watcher, fault) != 0) {
		log_say(fault);
		return 1;
	}
	(void)printf("copied; every row was compared. The source does not start any more\n");
	return fflush(stdout) == 0 ? 0 : 1;
}
