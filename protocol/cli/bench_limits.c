/*
 * A load that the server would refuse is not begun, because its refusals would be measured as faults. Every limit that hello tells is compared with the
 * least that this load needs. A limit of 0 is no limit.
 */
#include "cli/bench.h"
#include "codec/buf.h"

#include <inttypes.h>

enum { BURST_SECONDS = 10, ENVELOPE_BYTES = 200 };

/* A limit that is too low for the load. */
struct need {
	const char *limit; /* its name in hello */
	bool is_too_low;
};

static uint64_t told(const json_t *limits, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(limits, name));

	return value > 0 ? (uint64_t)value : 0;
}

static bool is_below(const json_t *limits, const char *name, uint64_t needed)
{
	uint64_t limit = told(limits, name);

	return limit > 0 && needed > limit;
}

/* The load of requests that come all at once, and then `rate` a second for the length of the run. */
static bool is_slower(const struct bench *b, const json_t *limits, const char *name, uint64_t at_once, double rate)
{
	const struct bench_options *o = &b->options;
	double limit = (double)told(limits, name), burst = limit * (double)BURST_SECONDS;
	uint64_t request_bytes = told(limits, "request_bytes");
	double weight = 1 + (request_bytes > 0 ? (double)((o->text_bytes + ENVELOPE_BYTES) / request_bytes) : 0);

	if (limit == 0)
		return false;
	if (o->idle == 0 && (o->saturate || (rate * weight > limit && rate * weight * (double)(o->warmup + o->seconds) > burst)))
		return true;
	return (double)at_once > burst;
}

bool bench_limits_allow(struct bench *b, const json_t *hello)
{
	const struct bench_options *o = &b->options;
	const json_t *limits = json_object_get(hello, "limits");
	uint64_t of_one = b->n_rooms > o->rooms_per_reader ? b->n_rooms : b->n_rooms > 0 ? o->rooms_per_reader : 0;
	/* Each connection is opened twice, with an upgrade and a sign-in each, and joins in between. */
	uint64_t of_all = b->n_conns * 4ull + (b->n_rooms > 0 ? b->n_conns * o->rooms_per_reader + b->n_rooms : 0);
	double rate = (double)o->rate, rate_of_one = rate / (double)(o->publishers > 0 ? o->publishers : 1);
	const struct need needs[] = {
		{"connections", is_below(limits, "connections", b->n_conns)},
		{"address_connections", is_below(limits, "address_connections", b->n_conns)},
		{"address_accounts", is_below(limits, "address_accounts", b->n_conns + (b->n_rooms > 0))},
		{"account_rooms", is_below(limits, "account_rooms", b->n_rooms)},
		{"user_rooms", is_below(limits, "user_rooms", of_one)},
		{"text_bytes", o->idle == 0 && is_below(limits, "text_bytes", o->text_bytes)},
		{"connection_requests", is_slower(b, limits, "connection_requests", of_one + 1, rate_of_one)},
		{"account_requests", is_slower(b, limits, "account_requests", of_one + 1, rate_of_one)},
		{"address_requests", is_slower(b, limits, "address_requests", of_all, rate)},
	};
	auto_buf options = BUF_INIT;

	b->sign_ins = told(limits, "sign_ins");
	for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
		if (!needs[i].is_too_low)
			continue;
		buf_append_str(&options, " --limit-");
		for (const char *c = needs[i].limit; *c != '\0'; c++)
			buf_append_byte(&options, *c == '_' ? '-' : (uint8_t)*c);
		buf_append_str(&options, " 0");
	}
	buf_append_byte(&options, 0);
	if (options.len > 1)
		bench_fail(b, "limits of the server are in the way of this load: start it with%s", (const char *)options.data);
	return options.len <= 1;
}
