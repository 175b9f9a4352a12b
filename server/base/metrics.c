#include "base/metrics.h"

#include <stdarg.h>
#include <stdio.h>

void metric_observe(struct metric_histogram *h, uint64_t value)
{
	unsigned bits = value ? 64u - (unsigned)__builtin_clzll(value) : 0;
	metric_add(&h->buckets[bits < METRIC_BUCKETS ? bits : METRIC_BUCKETS - 1], 1);
	metric_add(&h->sum, value);
}

struct page {
	void (*put)(void *arg, const char *text, size_t n);
	void *arg;
};

static void put_line(const struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put_line(const struct page *page, const char *format, ...)
{
	char line[512];
	va_list values;
	va_start(values, format);
	int n = vsnprintf(line, sizeof(line), format, values);
	va_end(values);
	if (n > 0)
		page->put(page->arg, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static void put_help(const struct page *page, const char *name, const char *kind, const char *help)
{
	put_line(page, "# HELP parley_%s %s\n# TYPE parley_%s %s\n", name, help, name, kind);
}

static void put_counter(const struct page *page, const char *name, const char *help, const _Atomic uint64_t *m)
{
	put_help(page, name, "counter", help);
	put_line(page, "parley_%s %llu\n", name, (unsigned long long)atomic_load_explicit(m, memory_order_relaxed));
}

static void put_gauge(const struct page *page, const char *name, const char *help, const _Atomic int64_t *m)
{
	put_help(page, name, "gauge", help);
	put_line(page, "parley_%s %lld\n", name, (long long)atomic_load_explicit(m, memory_order_relaxed));
}

/* Bucket i counts whole numbers below 2^i, so its inclusive bound is 2^i - 1. The last bucket has no bound. */
static void put_histogram(const struct page *page, const char *name, double unit, const char *help, const struct metric_histogram *h)
{
	uint64_t n = 0;
	put_help(page, name, "histogram", help);
	for (unsigned i = 0; i < METRIC_BUCKETS - 1; i++) {
		n += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
		double bound = (double)(((uint64_t)1 << i) - 1) * unit;
		put_line(page, "parley_%s_bucket{le=\"%.9g\"} %llu\n", name, bound, (unsigned long long)n);
	}
	n += atomic_load_explicit(&h->buckets[METRIC_BUCKETS - 1], memory_order_relaxed);
	double sum = (double)atomic_load_explicit(&h->sum, memory_order_relaxed) * unit;
	put_line(page, "parley_%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)n);
	put_line(page, "parley_%s_sum %.9g\nparley_%s_count %llu\n", name, sum, name, (unsigned long long)n);
}

/* Writes a counter with a label, a line for each name. */
static void put_labelled(const struct page *page, const char *name, const char *help, const char *label, const char *(*name_of)(unsigned),
			 const _Atomic uint64_t counts[METRIC_LABELS_MAX])
{
	const char *value;
	put_help(page, name, "counter", help);
	for (unsigned i = 0; i < METRIC_LABELS_MAX && (value = name_of(i)); i++) {
		unsigned long long n = atomic_load_explicit(&counts[i], memory_order_relaxed);
		put_line(page, "parley_%s{%s=\"%s\"} %llu\n", name, label, value, n);
	}
}

void metrics_render(const struct metrics *m, const struct metric_names *names, void (*put)(void *arg, const char *text, size_t n),
		    void *arg)
{
	const struct page page = {.put = put, .arg = arg};
#define X(name, help) put_counter(&page, #name, help, &m->name);
	METRIC_COUNTER_TABLE(X)
#undef X
#define X(name, help) put_gauge(&page, #name, help, &m->name);
	METRIC_GAUGE_TABLE(X)
#undef X
#define X(name, unit, help) put_histogram(&page, #name, unit, help, &m->name);
	METRIC_HISTOGRAM_TABLE(X)
#undef X
	put_labelled(&page, "errors_by_code_total", "requests refused, by the code of the error", "code", names->error_code,
		     m->errors_by_code);
	put_labelled(&page, "closed_total", "connections closed, by why", "reason", names->close_reason, m->closed_by_reason);
}
