/*
 * A bus over Redis in a process of its own, without a server around it: a test tells it what to do in lines on standard input (follow 1, unfollow 1, publish 1
 * TEXT, as 1 KIND TEXT, flood 1 COUNT BYTES, begin EPOCH, status, leave), and it tells what happens in lines of JSON on standard output. It ends with its input.
 *
 *     bus_agent [--password-file FILE] [--sentinel-name NAME] [--sentinel-password-file FILE] [--ca-file FILE] ADDRESS…
 */
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/secret.h"
#include "bus/redis/redis_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 8, LINE_BYTES = 4096, LAST_TURNS = 3 };

struct agent {
	struct loop *loop;
	struct loop_watch *input;
	struct metrics metrics;
	struct bus *bus;
	char line[LINE_BYTES];
	size_t n_line;
};

static void print_state(struct agent *a, const char *of)
{
	printf("{\"%s\":%d,\"why\":\"%s\",\"instances\":%zu,\"reconnects\":%" PRIu64 ",\"dropped\":%" PRIu64 "}\n", of, a->bus->state,
	       a->bus->why, a->bus->n_instances, a->metrics.bus_reconnects_total, a->metrics.bus_dropped_total);
}

static void on_arrived(void *arg, uint64_t channel, enum bus_kind kind, const uint8_t *bytes, size_t n)
{
	(void)arg;
	printf("{\"arrived\":%" PRIu64 ",\"kind\":%d,\"bytes\":%zu,\"text\":\"%.*s\"}\n", channel, kind, n, (int)(n < 40 ? n : 40), bytes);
}

static void on_hears(void *arg, const uint64_t *channels, size_t n)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		printf("{\"hears\":%" PRIu64 "}\n", channels[i]);
}

static void on_changed(void *arg)
{
	print_state(arg, "state");
}

static void begin(struct agent *a, const char *epoch)
{
	struct bus_listener listener = {.arrived = on_arrived, .hears = on_hears, .changed = on_changed, .arg = a};
	a->bus->methods->begin(a->bus, epoch, &listener);
}

static void flood(struct agent *a, uint64_t channel, unsigned long count, size_t n)
{
	auto_free char *bytes = mem_alloc(n + 1);
	memset(bytes, 'x', n);
	for (unsigned long i = 0; i < count; i++)
		a->bus->methods->publish(a->bus, channel, BUS_EVENT, bytes, n);
}

static void publish_as(struct agent *a, uint64_t channel, char *kind_and_text)
{
	char *text;
	unsigned long kind = strtoul(kind_and_text, &text, 10);
	a->bus->methods->publish(a->bus, channel, (enum bus_kind)kind, text + 1, strlen(text + 1));
}

static void run_line(struct agent *a, char *line)
{
	char *at = NULL;
	const char *verb = strtok_r(line, " ", &at), *first = strtok_r(NULL, " ", &at);
	char *rest = at ? at : line + strlen(line);
	uint64_t channel = first ? strtoull(first, NULL, 10) : 0;
	if (!verb)
		return;
	if (!strcmp(verb, "follow"))
		a->bus->methods->follow(a->bus, channel);
	else if (!strcmp(verb, "unfollow"))
		a->bus->methods->unfollow(a->bus, channel);
	else if (!strcmp(verb, "publish"))
		a->bus->methods->publish(a->bus, channel, BUS_EVENT, rest, strlen(rest));
	else if (!strcmp(verb, "as"))
		publish_as(a, channel, rest);
	else if (!strcmp(verb, "flood"))
		flood(a, channel, strtoul(rest, NULL, 10), strtoul(strchr(rest, ' ') + 1, NULL, 10));
	else if (!strcmp(verb, "begin"))
		begin(a, first);
	else if (!strcmp(verb, "status"))
		print_state(a, "status");
	else if (!strcmp(verb, "leave"))
		a->bus->methods->leave(a->bus);
}

static void on_input(void *arg)
{
	struct agent *a = arg;
	ssize_t n = read(STDIN_FILENO, a->line + a->n_line, sizeof(a->line) - 1 - a->n_line);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		loop_stop(a->loop);
		return;
	}
	a->n_line += (size_t)n;
	a->line[a->n_line] = '\0';
	char *end;
	while ((end = strchr(a->line, '\n'))) {
		*end = '\0';
		run_line(a, a->line);
		a->n_line -= (size_t)(end + 1 - a->line);
		memmove(a->line, end + 1, a->n_line + 1);
	}
}

/* Returns false when the arguments are wrong. */
static bool take_arguments(char **argv, struct redis_bus_config *c, struct redis_address addresses[ADDRESSES_MAX])
{
	const struct {
		const char *name, **to;
	} options[] = {{"--password-file", &c->password_file},
		       {"--sentinel-name", &c->sentinel_name},
		       {"--sentinel-password-file", &c->sentinel_password_file},
		       {"--ca-file", &c->ca_file}};
	for (; *argv; argv++) {
		size_t i = 0;
		while (i < sizeof(options) / sizeof(options[0]) && strcmp(*argv, options[i].name) != 0)
			i++;
		if (i < sizeof(options) / sizeof(options[0]) && argv[1])
			*options[i].to = *++argv;
		else if (c->n_addresses == ADDRESSES_MAX || redis_address_parse(*argv, &addresses[c->n_addresses++]))
			return false;
	}
	return c->n_addresses > 0;
}

int main(int argc, char **argv)
{
	(void)argc;
	struct agent a = {0};
	struct redis_address addresses[ADDRESSES_MAX];
	struct redis_bus_config config = {.metrics = &a.metrics, .addresses = addresses};
	if (!take_arguments(argv + 1, &config, addresses) || secret_init() < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	a.loop = config.loop = loop_new();
	a.bus = redis_bus_new(&config);
	begin(&a, "abcdefabcdef");
	a.input = loop_watch_readable(a.loop, STDIN_FILENO, on_input, &a);
	loop_run(a.loop);
	loop_watch_destroy(a.input);
	for (int i = 0; i < LAST_TURNS; i++)
		loop_run_once(a.loop);
	a.bus->methods->destroy(a.bus);
	loop_destroy(a.loop);
	return 0;
}
