#include "cmocka_wrap.h"

#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
	size_t n;
	char text[65536];
};

static void put(void *arg, const char *text, size_t n)
{
	struct page *p = arg;
	assert_true(p->n + n < sizeof(p->text));
	memcpy(p->text + p->n, text, n);
	p->n += n;
}

static const char *error_code(unsigned i)
{
	static const char *const codes[] = {"invalid_request", "rate_limited"};
	return i < 2 ? codes[i] : NULL;
}

static const char *close_reason(unsigned i)
{
	return i == 0 ? "client" : NULL;
}

static char *render(const struct metrics *m)
{
	static const struct metric_names names = {.error_code = error_code, .close_reason = close_reason};
	static struct page page;
	memset(&page, 0, sizeof(page));
	metrics_render(m, &names, put, &page);
	return page.text;
}

static void shows_counters_gauges_and_codes(void **state)
{
	(void)state;
	static struct metrics m;
	metric_add(&m.accepted_total, 3);
	metric_change(&m.connections, 2);
	metric_change(&m.connections, -5);
	for (int i = 0; i < 7; i++)
		metric_count_error(&m, 1);
	metric_add(&m.closed_by_reason[0], 2);
	const char *page = render(&m);
	assert_non_null(strstr(page, "# TYPE parley_accepted_total counter\nparley_accepted_total 3\n"));
	assert_non_null(strstr(page, "# TYPE parley_connections gauge\nparley_connections -3\n"));
	assert_non_null(strstr(page, "parley_errors_by_code_total{code=\"invalid_request\"} 0\n"));
	assert_non_null(strstr(page, "parley_errors_by_code_total{code=\"rate_limited\"} 7\n"));
	assert_non_null(strstr(page, "parley_errors_total 7\n"));
	assert_non_null(strstr(page, "parley_closed_total{reason=\"client\"} 2\n"));
}

static void histogram_counts_up_to_the_inclusive_bound(void **state)
{
	(void)state;
	static struct metrics m;
	metric_observe(&m.commit_operations, 0);
	metric_observe(&m.commit_operations, 1);
	metric_observe(&m.commit_operations, 7);
	metric_observe(&m.commit_operations, 8);
	metric_observe(&m.commit_operations, UINT64_MAX >> 1);
	const char *page = render(&m);
	assert_non_null(strstr(page, "parley_commit_operations_bucket{le=\"0\"} 1\n"));
	assert_non_null(strstr(page, "parley_commit_operations_bucket{le=\"1\"} 2\n"));
	assert_non_null(strstr(page, "parley_commit_operations_bucket{le=\"3\"} 2\n"));
	assert_non_null(strstr(page, "parley_commit_operations_bucket{le=\"7\"} 3\n"));
	assert_non_null(strstr(page, "parley_commit_operations_bucket{le=\"15\"} 4\n"));
	assert_non_null(strstr(page, "parley_commit_operations_bucket{le=\"+Inf\"} 5\n"));
	assert_non_null(strstr(page, "parley_commit_operations_count 5\n"));
}

static void histogram_of_seconds_scales(void **state)
{
	(void)state;
	static struct metrics m;
	metric_observe(&m.commit_seconds, 1500000000);
	const char *page = render(&m);
	assert_non_null(strstr(page, "parley_commit_seconds_sum 1.5\n"));
	assert_non_null(strstr(page, "parley_commit_seconds_bucket{le=\"1.07374182\"} 0\n"));
	assert_non_null(strstr(page, "parley_commit_seconds_bucket{le=\"2.14748365\"} 1\n"));
}

/* Text format 0.0.4: each line is a comment or `name value`, and a name has one HELP only. */
static void every_line_is_well_formed(void **state)
{
	(void)state;
	static struct metrics m;
	char *page = render(&m);
	unsigned n_help = 0;
	for (char *line = strtok(page, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "# HELP parley_", 14)) {
			n_help++;
		} else if (strncmp(line, "# TYPE parley_", 14)) {
			char *space = strrchr(line, ' '), *end;
			assert_memory_equal(line, "parley_", 7);
			assert_non_null(space);
			strtod(space + 1, &end);
			assert_int_equal(*end, '\0');
		}
	}
	assert_true(n_help > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_counters_gauges_and_codes),
		cmocka_unit_test(histogram_counts_up_to_the_inclusive_bound),
		cmocka_unit_test(histogram_of_seconds_scales),
		cmocka_unit_test(every_line_is_well_formed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
