#include "app/app.h"

#include "base/log.h"
#include "codec/standard_streams.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Both would end the process where an error is to be met: a reader that is gone, and a file as large as the user's files may be. */
static void ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* The exit status. */
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
