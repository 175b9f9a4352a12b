/*
 * Prints what was measured, as a row under a header or as one JSON object.
 */
#include "cli/bench.h"

#include "cli/cli_command.h"
#include "cli/cli_say.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct result {
	uint64_t expected, made, missing_contents;
	double achieved; /* messages a second, acknowledged (peer: sent) within the window */
	double cpu_per_delivery_us, cpu_per_message_us, server_cpu, load_cpu; /* the last two are in cores */
	double waited; /* share of the window that the server spent waiting for a core: a noisy machine */
	double rss_mib;
	bool whole; /* nothing is missing, repeated or refused */
};

/* Counts the messages that were acknowledged and that their room's witness did not see. */
static uint64_t count_unseen(const struct bench *b)
{
	uint64_t n = 0;

	for (uint32_t i = 0; b->acked_bits != NULL && i < BENCH_BITS / 8; i++)
		n += (uint64_t)__builtin_popcount((unsigned)(b->acked_bits[i] & ~b->seen_bits[i]));
	return n;
}

static struct result sum_up(const struct bench *b)
{
	struct result r = {.made = b->delivered};
	double seconds = (double)b->counted_ns / 1e9, counted = (double)(b->delivered_after - b->delivered_before);
	double cpu_us = (double)(b->server_after.cpu_us - b->server_before.cpu_us);
	bool rooms_whole = true;

	r.expected = b->parley ? 0 : b->sent * b->n_conns;
	for (uint32_t i = 0; i < b->n_rooms; i++) {
		uint64_t expected = b->rooms[i].acked * b->options.readers;
		r.expected += expected;
		rooms_whole = rooms_whole && b->rooms[i].delivered == expected;
	}
	for (uint32_t i = 0; b->parley && i < b->n_conns; i++)
		for (uint64_t slot = 0; slot < b->options.rooms_per_reader; slot++)
			rooms_whole = rooms_whole && b->conns[i].cursors[slot] >= b->rooms[bench_room_of(b, &b->conns[i], slot)].acked_top;
	r.missing_contents = count_unseen(b);
	r.achieved = seconds > 0 ? (double)(b->parley ? b->window_acked : b->window_sent) / seconds : 0;
	r.cpu_per_delivery_us = counted > 0 ? cpu_us / counted : 0;
	r.cpu_per_message_us = r.achieved > 0 ? cpu_us / (r.achieved * seconds) : 0;
	r.server_cpu = seconds > 0 ? cpu_us / 1e6 / seconds : 0;
	r.load_cpu = seconds > 0 ? (double)(b->own_cpu_after_us - b->own_cpu_before_us) / 1e6 / seconds : 0;
	r.waited = seconds > 0 ? (double)(b->server_after.waited_us - b->server_before.waited_us) / 1e6 / seconds : 0;
	r.rss_mib = (double)b->server_after.rss_bytes / 1048576;
	r.whole = rooms_whole && r.made == r.expected && r.missing_contents == 0 && b->gaps == 0 && b->repeats == 0 && b->unknown == 0 &&
		  b->refused == 0 && (!b->parley || b->acked == b->sent) && b->fault[0] == '\0';
	return r;
}

static json_t *milliseconds(const struct bench_histogram *h)
{
	return json_pack("{s:f, s:f, s:f, s:I}", "p50", bench_histogram_ms(h, 0.5), "p99", bench_histogram_ms(h, 0.99), "max",
			 bench_histogram_max_ms(h), "n", (json_int_t)h->n);
}

static void print_json(const struct bench *b, const struct result *r)
{
	json_auto_t *out = json_object();

	(void)json_object_update_new(
		out, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "kind", b->parley ? "parley" : b->options.peer, "rooms",
			       (json_int_t)b->n_rooms, "readers", (json_int_t)b->options.readers, "connections", (json_int_t)b->n_conns,
			       "rooms_per_reader", (json_int_t)b->options.rooms_per_reader, "publishers", (json_int_t)b->options.publishers,
			       "rate_asked", (json_int_t)(b->options.saturate ? 0 : b->options.rate), "rate_achieved", r->achieved));
	(void)json_object_update_new(out,
				     json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sent", (json_int_t)b->sent, "acknowledged",
					       (json_int_t)b->acked, "refused", (json_int_t)b->refused, "expected", (json_int_t)r->expected,
					       "made", (json_int_t)r->made, "gaps", (json_int_t)b->gaps, "repeats", (json_int_t)b->repeats,
					       "unknown", (json_int_t)b->unknown, "unseen", (json_int_t)r->missing_contents));
	(void)json_object_update_new(out, json_pack("{s:o, s:o, s:o}", "delivery_ms", milliseconds(&b->delivery), "ack_ms",
						    milliseconds(&b->ack), "sender_late_ms", milliseconds(&b->lateness)));
	(void)json_object_update_new(
		out, json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:s}", "cpu_per_delivery_us", r->cpu_per_delivery_us,
			       "cpu_per_message_us", r->cpu_per_message_us, "server_cores", r->server_cpu, "load_cores", r->load_cpu,
			       "server_waited", r->waited, "server_rss_mib", r->rss_mib, "event_bytes",
			       r->made > 0 ? (double)b->delivered_bytes / (double)r->made : 0.0, "whole", r->whole, "fault", b->fault));
	if (b->n_servers > 1)
		(void)json_object_set_new(out, "hop_ms", milliseconds(&b->hop));
	json_t *processes = json_array();
	for (size_t i = 0; i < b->n_pids; i++)
		(void)json_array_append_new(processes, json_real((double)(b->cpu_after_ns[i] - b->cpu_before_ns[i]) / 1e3));
	(void)json_object_set_new(out, "processes_cpu_us", processes);
	(void)json_object_set_new(out, "counted_seconds", json_real((double)b->counted_ns / 1e9));
	(void)json_object_set_new(out, "counted_deliveries", json_integer((json_int_t)(b->delivered_after - b->delivered_before)));
	char *text = json_dumps(out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	assert(text != NULL);
	cli_print_json_bytes(text, strlen(text));
	free(text);
}

static void print_row(const struct bench *b, const struct result *r)
{
	if (!b->options.no_header)
		(void)printf(
			"  rooms x readers |  asked/s achieved | expected     made       | delivery ms p50    p99      max | ack ms p50    p99      "
			"max | us/delivery server waited load | RSS MiB | late p99\n");
	(void)printf(
		"%7u x %-7llu | %8llu %8.0f | %-12llu %-10llu | %15.2f %8.2f %8.2f | %10.2f %8.2f %8.2f | %11.2f %5.0f%% %5.0f%% %3.0f%% | %7.1f | %.2f\n",
		b->n_rooms, (unsigned long long)b->options.readers, (unsigned long long)(b->options.saturate ? 0 : b->options.rate),
		r->achieved, (unsigned long long)r->expected, (unsigned long long)r->made, bench_histogram_ms(&b->delivery, 0.5),
		bench_histogram_ms(&b->delivery, 0.99), bench_histogram_max_ms(&b->delivery), bench_histogram_ms(&b->ack, 0.5),
		bench_histogram_ms(&b->ack, 0.99), bench_histogram_max_ms(&b->ack), r->cpu_per_delivery_us, r->server_cpu * 100,
		r->waited * 100, r->load_cpu * 100, r->rss_mib, bench_histogram_ms(&b->lateness, 0.99));
}

int bench_report_load(const struct bench *b)
{
	struct result r = sum_up(b);

	if (b->options.json)
		print_json(b, &r);
	else
		print_row(b, &r);
	if (r.whole)
		return CLI_OK;
	(void)fflush(stdout);
	cli_tell("NOT EVERY DELIVERY WAS MADE: %llu of %llu; seqs missing %llu, repeated %llu, of unknown rooms %llu; messages sent %llu, "
		 "acknowledged %llu, refused %llu, acknowledged but unseen %llu%s%s",
		 (unsigned long long)r.made, (unsigned long long)r.expected, (unsigned long long)b->gaps, (unsigned long long)b->repeats,
		 (unsigned long long)b->unknown, (unsigned long long)b->sent, (unsigned long long)b->acked, (unsigned long long)b->refused,
		 (unsigned long long)r.missing_contents, b->fault[0] == '\0' ? "" : "; ", b->fault);
	return CLI_FAILED;
}

int bench_report_idle(const struct bench *b)
{
	uint64_t n = b->n_conns;
	double bytes = ((double)b->server_after.rss_bytes - (double)b->server_before.rss_bytes) / (double)n;
	double cpu_us = (double)(b->server_after.cpu_us - b->server_before.cpu_us) / (double)n;
	double rss = (double)b->server_after.rss_bytes / 1048576;

	if (b->pid == 0) {
		cli_tell("--idle needs --pid, the server's process");
		return CLI_USAGE;
	}
	if (b->options.json)
		(void)printf("{\"kind\":\"idle\",\"connections\":%llu,\"sign_in\":\"%s\",\"bytes_each\":%.0f,\"sign_in_cpu_us\":%.1f,"
			     "\"seconds\":%.3f,\"server_rss_mib\":%.2f}\n",
			     (unsigned long long)n, b->options.sign_in, bytes, cpu_us, (double)b->counted_ns / 1e9, rss);
	else
		(void)printf(
			"%llu idle connections, signed in by %s: %.2f KiB each, %.0f us of server CPU each, %.1f s; server RSS %.1f MiB\n",
			(unsigned long long)n, b->options.sign_in, bytes / 1024, cpu_us, (double)b->counted_ns / 1e9, rss);
	return CLI_OK;
}
