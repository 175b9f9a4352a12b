#include "event_encode.h"

#include <string.h>

const char *event_type_name(enum event_type t)
{
	switch (t) {
#define X(symbol, number, type) \
	case symbol: \
		return type;
		EVENT_TABLE(X)
#undef X
	case EVENT_NOTICE:
		return "server.notice";
	}
	return NULL;
}

static void append_uid_member(struct buf *out, const char *member, const struct uid *id)
{
	char text[UID_TEXT_BYTES + 1];

	uid_format(id, text);
	buf_append_str(out, member);
	buf_append(out, text, UID_TEXT_BYTES);
	buf_append_byte(out, '"');
}

void event_encode(struct buf *out, enum event_type type, const struct uid *id, int64_t timestamp_ms, const struct uid *room, uint64_t seq,
		  const void *data, size_t n)
{
	char timestamp[TIMESTAMP_BYTES + 1];

	buf_reserve(out, n + 256); /* once for all: the envelope stays below 256 bytes */
	buf_append_str(out, "{\"type\":\"");
	buf_append_str(out, event_type_name(type));
	buf_append_byte(out, '"');
	if (id != NULL)
		append_uid_member(out, ",\"id\":\"", id);
	timestamp_format(timestamp_ms, timestamp);
	buf_append_str(out, ",\"timestamp\":\"");
	buf_append(out, timestamp, TIMESTAMP_BYTES);
	buf_append_byte(out, '"');
	if (room != NULL)
		append_uid_member(out, ",\"room\":\"", room);
	if (seq > 0) {
		buf_append_str(out, ",\"seq\":");
		buf_append_u64(out, seq);
	}
	buf_append_str(out, ",\"data\":");
	buf_append(out, data, n);
	buf_append_byte(out, '}');
}

/* Writes v with leading zeros. */
static char *put_digits(char *out, int64_t v, int n_digits)
{
	for (int i = n_digits; i > 0; i--, v /= 10)
		out[i - 1] = (char)('0' + v % 10);
	return out + n_digits;
}

struct civil_date {
	int64_t year, month, day;
};

/* The Gregorian date of a day counted from 1970-01-01 (year 0 to 9999). Counting years from March puts the leap day last, so the
 * length of the months before it follows one formula: 153 days in five months. */
static struct civil_date civil_date_of(int64_t days)
{
	enum {
		DAYS_TO_MARCH_0000 = 719468,
		DAYS_IN_400_YEARS = 146097,
		DAYS_IN_100_YEARS = 36524,
		DAYS_IN_4_YEARS = 1461,
		DAYS_IN_YEAR = 365
	};
	int64_t day = days + DAYS_TO_MARCH_0000 + DAYS_IN_400_YEARS; /* never negative */
	int64_t era = day / DAYS_IN_400_YEARS - 1;
	int64_t rest = day % DAYS_IN_400_YEARS;
	int64_t centuries = rest / DAYS_IN_100_YEARS < 3 ? rest / DAYS_IN_100_YEARS : 3;

	rest -= centuries * DAYS_IN_100_YEARS;
	int64_t fours = rest / DAYS_IN_4_YEARS;
	rest -= fours * DAYS_IN_4_YEARS;
	int64_t ones = rest / DAYS_IN_YEAR < 3 ? rest / DAYS_IN_YEAR : 3;
	rest -= ones * DAYS_IN_YEAR;

	int64_t month = (5 * rest + 2) / 153; /* 0: March */
	int64_t year = era * 400 + centuries * 100 + fours * 4 + ones;
	return (struct civil_date){
		.year = month < 10 ? year : year + 1,
		.month = month < 10 ? month + 3 : month - 9,
		.day = rest - (153 * month + 2) / 5 + 1,
	};
}

void timestamp_format(int64_t timestamp_ms, char out[TIMESTAMP_BYTES + 1])
{
	const int64_t first_ms = -62167219200000, last_ms = 253402300799999; /* RFC 3339 has four digits for the year */
	const int64_t day_ms = 86400000;
	int64_t t = timestamp_ms < first_ms ? first_ms : timestamp_ms > last_ms ? last_ms : timestamp_ms;
	int64_t in_day = (t % day_ms + day_ms) % day_ms;
	struct civil_date date = civil_date_of((t - in_day) / day_ms);
	char *p = out;

	p = put_digits(p, date.year, 4);
	*p++ = '-';
	p = put_digits(p, date.month, 2);
	*p++ = '-';
	p = put_digits(p, date.day, 2);
	*p++ = 'T';
	p = put_digits(p, in_day / 3600000, 2);
	*p++ = ':';
	p = put_digits(p, in_day / 60000 % 60, 2);
	*p++ = ':';
	p = put_digits(p, in_day / 1000 % 60, 2);
	*p++ = '.';
	p = put_digits(p, in_day % 1000, 3);
	*p++ = 'Z';
	*p = '\0';
}
