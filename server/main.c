#include "app.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct config config;
	char fault[CONFIG_FAULT_BYTES];
	int status;

	enum config_outcome outcome = config_parse(argc, argv, environ, &config, fault);
	if (outcome == CONFIG_RUN) {
		status = app_run(&config);
	} else if (outcome == CONFIG_FAULT) {
		fprintf(stderr, "parleyd: %s\n", fault);
		status = 2;
	} else {
		status = config_show(outcome, stdout) < 0 ? 1 : 0;
	}
	config_finish(&config);
	return status;
}
