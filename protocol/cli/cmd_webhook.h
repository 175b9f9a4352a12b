/*
 * What cmd_webhook.c and webhook_listen.c share: the options of `parley webhook`.
 */
#ifndef PARLEY_CLI_CMD_WEBHOOK_H
#define PARLEY_CLI_CMD_WEBHOOK_H

#include "cli/cli_action.h"
#include "cli/cli_filter.h"

struct webhook_options {
	struct cli_filter_options filter;
	const char *name, *url, *order, *from, *since, *endpoint_ca, *headers, *status; /* of a webhook */
	const char *event;                                                              /* of replay */
	const char *secret_file, *consumer;                                             /* of listen */
	uint64_t from_seq, to_seq, retry_s;
	bool json, set_aside;
};

int webhook_listen(const struct cli_action_call *call);

#endif
