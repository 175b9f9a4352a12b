/* A filter (a line), then the JSON of an event that it is asked for, of each type. */
#include "codec/json_check.h"
#include "codec/text_clean.h"
#include "store/server_events.h"
#include "subscription/filter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(const struct filter *f, const uint8_t *json, size_t n)
{
	static const enum event_type types[] = {EVENT_MESSAGE_CREATED, EVENT_MEMBER_JOINED, EVENT_USER_CREATED, EVENT_NOTICE};
	struct event *e = event_new(json, n);
	if (f->n_rooms > 0)
		e->room = f->rooms[0];
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		e->type = types[i];
		e->room_no = 1;
		bool takes = filter_takes(f, e);
		e->room_no = SERVER_EVENTS_ROOM_NO;
		assert(f->server ? filter_takes(f, e) == takes : !filter_takes(f, e));
	}
	event_free(e);
}

/* What is kept as text says the same when it is read again. */
static void read_again(const struct filter *f, const json_t *json)
{
	struct filter again;
	char *text = json_dumps(json, JSON_COMPACT);
	assert(text && filter_parse(&again, text) && memcmp(&again, f, sizeof(again)) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(data, '\n', n) : NULL;
	struct request_fault fault;
	struct filter f;
	char why[FILTER_FAULT_BYTES] = "";
	if (end == NULL)
		return 0;
	json_auto_t *json = json_check_parse(data, (size_t)(end - data), JSON_SCOPE_DATA, 0, &fault);
	if (json == NULL)
		return 0;
	if (!filter_read(&f, json, why)) {
		assert(why[0] && text_is_utf8(why, strlen(why)));
		return 0;
	}
	read_again(&f, json);
	ask(&f, end + 1, n - (size_t)(end - data) - 1);
	return 0;
}
