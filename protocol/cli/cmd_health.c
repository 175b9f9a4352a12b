/*
 * parley health [URL]
 *
 * A health check for containers and scripts. It signs in nowhere.
 */
#include "cli/cli_command.h"
#include "cli/cli_say.h"
#include "client/client_get.h"

#include <string.h>

enum { MOST_SECONDS = 3600 };

struct health_options {
	uint64_t timeout_s;
	bool live;
};

static const struct cli_option options_table[] = {
	{"live", NULL, CLI_FLAG, offsetof(struct health_options, live), 0, "ask only whether the process answers (/healthz)"},
	{"timeout", "SECONDS", CLI_NUMBER, offsetof(struct health_options, timeout_s), MOST_SECONDS, "give up after this time (default 5)"},
	{0},
};

static void set_defaults(void *options)
{
	((struct health_options *)options)->timeout_s = 5;
}

static int run(const struct cli_common *common, const void *arg, int n_words, char **words)
{
	const struct health_options *options = arg;
	struct client_url url;
	struct client_fault fault;
	auto_buf body = BUF_INIT;

	if (client_url_parse(n_words > 0 ? words[0] : common->server, &url, &fault) != 0) {
		cli_tell("%s", fault.text);
		return CLI_USAGE;
	}
	int status = client_get(&url, options->live ? "/healthz" : "/readyz", common->ca_file, (uint32_t)options->timeout_s * 1000, &body,
				&fault);
	if (status < 0) {
		cli_tell("%s", fault.text);
		return CLI_FAILED;
	}
	while (body.len > 0 && body.data[body.len - 1] == '\n')
		body.len--;
	buf_append_byte(&body, 0);
	cli_print("%s", (const char *)body.data);
	if (status != 200)
		cli_tell("the status is %d", status);
	return status == 200 ? CLI_OK : CLI_FAILED;
}

const struct cli_command cmd_health = {
	.name = "health",
	.words = "[URL]",
	.most_words = 1,
	.summary = "asks a server whether it can serve",
	.description =
		"Asks URL, or --server, for /readyz and prints the answer. Ends with 0 when the server is ready, also when it is degraded, which the\n"
		"answer tells; else with 1. With --listen-ops the address is that listener's. For a container's health check use --live: a server\n"
		"whose database is away is not ready, and a restart does not help.",
	.options = options_table,
	.options_bytes = sizeof(struct health_options),
	.set_defaults = set_defaults,
	.run = run,
};
