#include "app/app.h"
#include "app/copy_store.h"

#include "base/log.h"
#include "codec/standard_streams.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Ignores SIGPIPE and SIGXFSZ, which would end the process. The write to a reader that has gone, or to a file at its size limit, then returns an error. */
static void ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* Returns the exit status. */
static int show(enum config_outcome what)
{
	char fault[CONFIG_FAULT_BYTES];
	int failed = config_show(what, stdout);

	if (failed == 0)
		return 0;
	snprintf(fault, sizeof fault, "cannot write to standard output: %s", strerror(-failed));
	log_say(fault);
	return 1;
}

int main(int argc, char **argv)
{
	struct config config;
	char fault[CONFIG_FAULT_BYTES];
	int status;

	ignore_signals();
	if (standard_streams_open() < 0) {
		log_say("standard input, output or error is closed, and there is no /dev/null to put in its place");
		return 1;
	}
	if (argc > 1 && strcmp(argv[1], "copy") == 0)
		return copy_store_run(argc - 2, argv + 2);
	enum config_outcome outcome = config_parse(argc, argv, environ, &config, fault);
	if (outcome == CONFIG_RUN) {
		status = app_run(&config);
	} else if (outcome == CONFIG_FAULT) {
		log_say(fault);
		status = 2;
	} else {
		status = show(outcome);
	}
	config_finish(&config);
	return status;
}
