#include "cli/cli_filter.h"

#include "cli/cli_action.h"
#include "cli/cli_say.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Puts the pieces between commas into filter[member]. */
static bool put_words(json_t *filter, const char *member, const char *text)
{
	json_t *words = json_array();

	for (;;) {
		size_t n = strcspn(text, ",");
		if (json_array_append_new(words, json_stringn(text, n)) != 0) {
			cli_tell("--%s: not UTF-8", member);
			json_decref(words);
			return false;
		}
		if (text[n] == '\0')
			return json_object_set_new(filter, member, words) == 0;
		text += n + 1;
	}
}

static bool put_rooms(struct cli_session *s, json_t *filter, const struct cli_list *rooms)
{
	json_t *ids = json_array();

	(void)json_object_set_new(filter, "rooms", ids);
	for (size_t i = 0; i < rooms->n; i++) {
		if (json_array_append_new(ids, cli_session_room_id(s, rooms->texts[i], CLI_ACTION_TIMEOUT_MS)) != 0)
			return false;
	}
	return true;
}

int cli_filter_put(struct cli_session *s, const struct cli_filter_options *options, json_t *data)
{
	json_auto_t *filter = json_object();

	if (options->server_events)
		(void)json_object_set_new(filter, "server", json_true());
	if ((options->types != NULL && !put_words(filter, "types", options->types)) ||
	    (options->authors != NULL && !put_words(filter, "authors", options->authors)) ||
	    (options->rooms.n > 0 && !put_rooms(s, filter, &options->rooms)))
		return CLI_FAILED;
	if (options->all_events && json_object_size(filter) > 0) {
		cli_tell("--all-events: give it, or the options of a filter");
		return CLI_USAGE;
	}
	if (options->all_events || json_object_size(filter) > 0)
		(void)json_object_set(data, "filter", filter);
	return CLI_OK;
}

/* Reads "90m": that long ago. */
static bool read_span(const char *text, long long *out_ms)
{
	long long n;
	char unit, more;

	if (text[0] < '0' || text[0] > '9' || sscanf(text, "%9lld%c%c", &n, &unit, &more) != 2)
		return false;
	long long unit_s = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 0;
	*out_ms = ((long long)time(NULL) - n * unit_s) * 1000;
	return unit_s > 0 && *out_ms >= 0;
}

/* Reads the fraction of a second, if there is one, down to milliseconds. Returns what is behind it. */
static const char *read_fraction(const char *text, long long *out_ms)
{
	long long digit_ms = 100;

	*out_ms = 0;
	if (*text != '.')
		return text;
	for (text++; *text >= '0' && *text <= '9'; text++, digit_ms /= 10)
		*out_ms += (*text - '0') * digit_ms;
	return text;
}

/* Reads a time as events have it, or the beginning of one up to the day. */
static bool read_time(const char *text, long long *out_ms)
{
	static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
	long long fraction_ms;

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct tm utc = {0};
		const char *end = strptime(text, forms[i], &utc);
		if (end != NULL)
			end = read_fraction(end, &fraction_ms);
		if (end == NULL || (strcmp(end, "") != 0 && strcmp(end, "Z") != 0))
			continue;
		*out_ms = (long long)timegm(&utc) * 1000 + fraction_ms;
		return *out_ms >= 0;
	}
	return false;
}

bool cli_since_put(const char *text, json_t *data)
{
	long long ms;

	if (text == NULL)
		return true;
	bool good = read_span(text, &ms) || read_time(text, &ms);
	if (good)
		(void)json_object_set_new(data, "since_ms", json_integer(ms));
	else
		cli_tell("--since: neither a time such as 2026-01-31T12:00:00Z (UTC) nor a span such as 90m, 2h or 7d: %s", text);
	return good;
}
