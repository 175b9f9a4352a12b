/*
 * Counters, gauges and histograms for Prometheus (text format 0.0.4). A new one needs a row here and nothing else.
 * They are relaxed atomics: any thread adds, /metrics reads.
 */
#ifndef PARLEY_BASE_METRICS_H
#define PARLEY_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define METRIC_COUNTER_TABLE(X) \
	X(accepted_total,          "connections accepted") \
	X(refused_total,           "connections refused at the door") \
	X(bytes_in_total,          "bytes read from clients") \
	X(bytes_out_total,         "bytes handed to sockets") \
	X(requests_total,          "requests decoded") \
	X(errors_total,            "requests refused") \
	X(events_in_total,         "events committed") \
	X(deliveries_total,        "events handed to readers") \
	X(sweep_slices_total,      "slices of sweeps") \
	X(sweep_writes_total,      "writes made by sweeps") \
	X(log_pages_total,         "pages read from the store for readers that were behind") \
	X(hole_fetches_total,      "times that the store was asked for events that a room missed") \
	X(across_out_total,        "events, notices and signals handed to the bus") \
	X(across_in_total,         "events, notices and signals that came from other instances") \
	X(across_refused_total,    "messages of the bus that were not what they should be") \
	X(hook_posts_total,        "posts to incoming webhooks that were taken") \
	X(hook_refusals_total,     "posts to incoming webhooks that were refused") \
	X(asks_total,              "questions to the services of hooks") \
	X(asks_failed_total,       "questions to the services of hooks that were not answered, or with an error") \
	X(webhook_delivered_total, "events that an outgoing webhook's endpoint took") \
	X(webhook_failed_total,    "attempts to deliver an event to an outgoing webhook that failed") \
	X(webhook_set_aside_total, "events of outgoing webhooks that are not tried any more") \
	X(webhook_disabled_total,  "outgoing webhooks that the server disabled") \
	X(gaps_total,              "room.gap told to readers") \
	X(commits_total,           "transactions of the store") \
	X(commit_failures_total,   "transactions that failed") \
	X(duplicates_total,        "sends answered from an earlier one") \
	X(log_dropped_total,       "lines of the log that standard error did not take") \
	X(sign_ins_deferred_total, "sign-ins that were told to come back because too many came at once") \
	X(damaged_reads_total,     "reads of the store that met damage") \
	X(store_outages_total,     "times that the database went away") \
	X(store_connects_total,    "connections made to the database's server") \
	X(store_round_trips_total, "times that the database's server was sent something and its answer was waited for") \
	X(bus_messages_in_total,   "messages that came from the bus, of this instance too") \
	X(bus_messages_out_total,  "messages published on the bus") \
	X(bus_bytes_in_total,      "bytes of messages that came from the bus") \
	X(bus_bytes_out_total,     "bytes of messages published on the bus") \
	X(bus_dropped_total,       "messages of the bus that were not published because it was away, or not taken because they were damaged") \
	X(bus_reconnects_total,    "times that the connections to a server of the bus were lost, or could not be made")
/* clang-format on */

/* clang-format off */
#define METRIC_GAUGE_TABLE(X) \
	X(connections,     "connections now") \
	X(sessions,        "signed-in sessions now") \
	X(users_loaded,    "users in memory") \
	X(rooms_loaded,    "rooms in memory") \
	X(readers,         "readers of rooms now") \
	X(readers_behind,  "readers reading on from the store now") \
	X(store_waiting,   "operations waiting for the store") \
	X(webhooks_active, "outgoing webhooks that this instance works for") \
	X(webhooks_failing, "of these, those of which the last attempts failed") \
	X(damaged_rooms,   "rooms that are not written to because their stored log is damaged") \
	X(store_away,      "1 while the database is away") \
	X(consumer_lag_events,      "events behind the cursors of all consumers and webhooks, before their filters; of the last half minute") \
	X(consumer_lag_events_most, "the same of the one that is furthest behind") \
	X(consumer_lag_seconds,     "age of the oldest of these events") \
	X(bus_state,       "0: there is no bus, 1: it is away or degraded, 2: it is whole") \
	X(bus_channels,    "channels followed on the bus") \
	X(instances,       "instances of this database that the bus knows to be alive, this one included; 0: there is no bus")
/* clang-format on */

/* Histograms have power-of-two buckets. `unit` converts an observed value to the base unit of the name. */
/* clang-format off */
#define METRIC_HISTOGRAM_TABLE(X) \
	X(acknowledge_seconds, 1e-9, "from a message's arrival to its acknowledgement (observed in ns)") \
	X(commit_seconds,      1e-9, "time of a transaction (observed in ns)") \
	X(commit_operations,   1.0,  "operations in a transaction") \
	X(webhook_seconds,     1e-9, "time of an attempt to deliver an event to an outgoing webhook (observed in ns)") \
	X(webhook_delay_seconds, 1e-9, "from an event to its delivery to an outgoing webhook (observed in ns)") \
	X(sweep_seconds,       1e-9, "time of a whole sweep of a room (observed in ns)") \
	X(sweep_readers,       1.0,  "readers written to in a sweep") \
	X(tops_seconds,        1e-9, "time of asking the store how far the rooms are that are followed (observed in ns)") \
	X(tops_behind,         1.0,  "events that a room was found to be behind by") \
	X(bus_probe_seconds,   1e-9, "time of a probe's way over the bus and back (observed in ns)")
/* clang-format on */

enum { METRIC_BUCKETS = 40, METRIC_LABELS_MAX = 32 };

struct metric_histogram {
	_Atomic uint64_t buckets[METRIC_BUCKETS]; /* [i]: values below 2^i (the last: all others) */
	_Atomic uint64_t sum;
};

struct metrics {
#define X(name, help) _Atomic uint64_t name;
	METRIC_COUNTER_TABLE(X)
#undef X
#define X(name, help) _Atomic int64_t name;
	METRIC_GAUGE_TABLE(X)
#undef X
#define X(name, unit, help) struct metric_histogram name;
	METRIC_HISTOGRAM_TABLE(X)
#undef X
	_Atomic uint64_t errors_by_code[METRIC_LABELS_MAX];   /* by enum wire_error; the names are given when rendering */
	_Atomic uint64_t closed_by_reason[METRIC_LABELS_MAX]; /* by the reason why a connection ended; the names are given when rendering */
};

static inline void metric_add(_Atomic uint64_t *m, uint64_t n)
{
	atomic_fetch_add_explicit(m, n, memory_order_relaxed);
}
static inline void metric_change(_Atomic int64_t *m, int64_t n)
{
	atomic_fetch_add_explicit(m, n, memory_order_relaxed);
}
/* Counts a refusal, in all and by its code. */
static inline void metric_count_error(struct metrics *m, unsigned code)
{
	metric_add(&m->errors_total, 1);
	metric_add(&m->errors_by_code[code], 1);
}
void metric_observe(struct metric_histogram *h, uint64_t value);

/* The names of the labels, by index. Each function returns NULL past the end. */
struct metric_names {
	const char *(*error_code)(unsigned i);
	const char *(*close_reason)(unsigned i);
};

/* Calls put(arg, text, n) with pieces of the page. */
void metrics_render(const struct metrics *m, const struct metric_names *names, void (*put)(void *arg, const char *text, size_t n),
		    void *arg);

#endif
