/*
 * The sender of webhooks in a process of its own, without a server around it. A test tells it what to do in lines on standard input, and it tells what happens
 * in lines of JSON on standard output. It closes the sender when its input ends.
 *
 *     webhook_agent [--in-flight N] [ALLOWED NETWORK OR HOST…]
 *     endpoint NAME URL TIMEOUT_MS CA_FILE|- SECRET|- [SECRET]
 *     header NAME LINE   (before `endpoint`: its next endpoint has it)
 *     post NAME ID BODY  → {"done": …}, or {"refused": ID}
 *     flood NAME COUNT BYTES  → {"flooded": …}: as many at once as the window lets
 *     destroy NAME
 */
#include "app/config_value.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "webhook/webhook_sender.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ENDPOINTS_MAX = 1200, ALLOW_MAX = 8, LINE_BYTES = 8192, NAME_BYTES = 32, WORDS_MAX = 8 };

struct agent_endpoint {
	char name[NAME_BYTES];
	struct webhook_endpoint *endpoint;
	struct agent *agent;
	char *body;
	unsigned long n_left, n_out, n_body, n_sent, n_good;
	uint64_t begun_ms;
};

struct agent {
	struct loop *loop;
	struct loop_watch *input;
	struct webhook_sender *sender;
	struct webhook_allow allow[ALLOW_MAX];
	struct agent_endpoint endpoints[ENDPOINTS_MAX];
	size_t n_endpoints, n_line;
	char line[LINE_BYTES];
	char header_name[NAME_BYTES], header_value[256];
};

struct told {
	char id[WEBHOOK_ID_CHARS + 1];
	char *body;
};

static void print_text(const char *name, const char *text, size_t n)
{
	printf(",\"%s\":\"", name);
	for (size_t i = 0; i < n; i++)
		printf((unsigned char)text[i] < ' ' || strchr("\"\\", text[i]) || (unsigned char)text[i] > '~' ? "\\u%04x" : "%c",
		       (unsigned char)text[i]);
	printf("\"");
}

static void on_done(void *arg, const struct webhook_outcome *o)
{
	struct told *t = arg;
	printf("{\"done\":\"%s\",\"end\":\"%s\",\"status\":%u,\"latency_us\":%" PRIu64 ",\"timestamp\":%" PRId64, t->id,
	       webhook_end_word(o->end), o->status, o->latency_us, o->timestamp_s);
	print_text("retry_after", o->retry_after, strlen(o->retry_after));
	print_text("reply", o->reply, o->n_reply);
	printf("}\n");
	free(t->body);
	free(t);
}

static struct agent_endpoint *find(struct agent *a, const char *name)
{
	for (size_t i = 0; i < a->n_endpoints; i++) {
		if (!strcmp(a->endpoints[i].name, name) && a->endpoints[i].endpoint)
			return &a->endpoints[i];
	}
	abort();
}

/* A file that cannot be read has no certificate in it. */
static char *read_file(const char *path)
{
	char *text = mem_zalloc(65536);
	FILE *f = fopen(path, "r");
	if (f) {
		(void)!fread(text, 1, 65535, f);
		fclose(f);
	}
	return text;
}

static void make_endpoint(struct agent *a, char **words, size_t n)
{
	struct agent_endpoint *e = &a->endpoints[a->n_endpoints++];
	auto_free char *ca = strcmp(words[4], "-") ? read_file(words[4]) : NULL;
	struct webhook_header header = {a->header_name, a->header_value};
	struct webhook_endpoint_options o = {.url = words[2],
					     .timeout_ms = (uint32_t)strtoul(words[3], NULL, 10),
					     .ca = ca,
					     .headers = &header,
					     .n_headers = *a->header_name ? 1 : 0};
	for (size_t i = 5; i < n && strcmp(words[i], "-"); i++) {
		if (!webhook_secret_parse(words[i], strlen(words[i]), &o.secrets[i - 5]))
			abort();
	}
	snprintf(e->name, sizeof(e->name), "%s", words[1]);
	e->agent = a;
	e->endpoint = webhook_endpoint_new(a->sender, &o);
	a->header_name[0] = '\0';
}

static void post(struct agent_endpoint *e, const char *id, const char *body)
{
	struct told *t = mem_new(struct told);
	snprintf(t->id, sizeof(t->id), "%s", id);
	t->body = mem_strndup(body, strlen(body));
	struct webhook_post p = {.id = t->id, .body = t->body, .n_body = strlen(body), .done = on_done, .arg = t};
	if (!webhook_post(e->endpoint, &p))
		return;
	printf("{\"refused\":\"%s\"}\n", id);
	free(t->body);
	free(t);
}

static void flood_more(struct agent_endpoint *e);

static void on_flooded(void *arg, const struct webhook_outcome *o)
{
	struct agent_endpoint *e = arg;
	e->n_out--;
	e->n_good += o->status == 200;
	if (o->end != WEBHOOK_CANCELLED)
		flood_more(e);
	if (e->n_out)
		return;
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	printf("{\"flooded\":\"%s\",\"sent\":%lu,\"good\":%lu,\"ms\":%" PRIu64 ",\"cpu_ms\":%ld}\n", e->name, e->n_sent, e->n_good,
	       clock_mono_ms() - e->begun_ms,
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
}

static void flood_more(struct agent_endpoint *e)
{
	char id[32];
	struct webhook_post p = {.id = id, .body = e->body, .n_body = e->n_body, .done = on_flooded, .arg = e};
	for (; e->n_left; e->n_left--, e->n_out++) {
		snprintf(id, sizeof(id), "flood_%lu", ++e->n_sent);
		if (webhook_post(e->endpoint, &p)) {
			e->n_sent--;
			return;
		}
	}
}

static void flood(struct agent_endpoint *e, unsigned long count, size_t n)
{
	free(e->body);
	e->body = mem_alloc(n + 1);
	memset(e->body, 'x', n);
	e->n_body = n;
	e->n_left = count;
	e->n_sent = e->n_good = 0;
	e->begun_ms = clock_mono_ms();
	flood_more(e);
}

static void run_line(struct agent *a, char *line)
{
	char *words[WORDS_MAX] = {NULL}, *at = NULL;
	size_t n = 0;
	for (char *word = strtok_r(line, " ", &at); word && n < WORDS_MAX;
	     word = strtok_r(NULL, n == 2 && !strcmp(words[0], "header") ? "" : " ", &at))
		words[n++] = word;
	if (!strcmp(words[0], "endpoint")) {
		make_endpoint(a, words, n);
	} else if (!strcmp(words[0], "header")) {
		snprintf(a->header_name, sizeof(a->header_name), "%s", words[1]);
		snprintf(a->header_value, sizeof(a->header_value), "%s", words[2]);
	} else if (!strcmp(words[0], "post")) {
		post(find(a, words[1]), words[2], words[3]);
	} else if (!strcmp(words[0], "flood")) {
		flood(find(a, words[1]), strtoul(words[2], NULL, 10), strtoul(words[3], NULL, 10));
	} else if (!strcmp(words[0], "destroy")) {
		struct agent_endpoint *e = find(a, words[1]);
		webhook_endpoint_destroy(e->endpoint);
		e->endpoint = NULL;
	} else {
		abort();
	}
}

static void on_input(void *arg)
{
	struct agent *a = arg;
	ssize_t n = read(STDIN_FILENO, a->line + a->n_line, sizeof(a->line) - a->n_line);
	if (n <= 0) {
		loop_stop(a->loop);
		loop_watch_pause(a->input, true);
		return;
	}
	a->n_line += (size_t)n;
	for (char *end; (end = memchr(a->line, '\n', a->n_line));) {
		*end = '\0';
		run_line(a, a->line);
		a->n_line -= (size_t)(end + 1 - a->line);
		memmove(a->line, end + 1, a->n_line);
	}
}

int main(int argc, char **argv)
{
	auto_free struct agent *a = mem_new(struct agent);
	struct webhook_sender_options o = {.policy = {a->allow, 0}};
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--in-flight"))
			o.in_flight_max = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (o.policy.n_allow == ALLOW_MAX || !config_value_allow(argv[i], &a->allow[o.policy.n_allow++]))
			return 2;
	}
	if (secret_init())
		return 1;
	a->loop = loop_new();
	a->sender = webhook_sender_open(a->loop, &o);
	a->input = loop_watch_readable(a->loop, STDIN_FILENO, on_input, a);
	if (!a->sender)
		return 1;
	loop_run(a->loop);
	uint64_t at_ms = clock_mono_ms();
	webhook_sender_close(a->sender);
	printf("{\"closed_ms\":%" PRIu64 "}\n", clock_mono_ms() - at_ms);
	loop_watch_destroy(a->input);
	loop_run_once(a->loop);
	loop_destroy(a->loop);
	for (size_t i = 0; i < a->n_endpoints; i++)
		free(a->endpoints[i].body);
	return 0;
}
