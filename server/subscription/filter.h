/*
 * Which events a subscription is about: {"types": ["message.*"], "rooms": [ids], "authors": ["bot"], "server": true}, each member optional; without any all events of rooms are. It is kept as JSON and compiled
 * when it is used. A value; any thread.
 *
 * types: names of events, or the beginning of some with * behind it. rooms: ids. authors: the kinds of account that did it; an event that nobody did is not taken then.
 * server: server-wide events as well (store/server_events.h), which `rooms` does not concern.
 */
#ifndef PARLEY_SUBSCRIPTION_FILTER_H
#define PARLEY_SUBSCRIPTION_FILTER_H

#include "store/event.h"

#include <jansson.h>
#include <stdbool.h>

enum { FILTER_ROOMS_MAX = 100, FILTER_FAULT_BYTES = 120 };

struct filter {
	uint64_t types[2]; /* a bit for each stored number below 128 */
	unsigned authors;  /* a bit for each enum user_kind; 0: all, and nobody */
	bool server;
	size_t n_rooms; /* 0: all */
	struct uid rooms[FILTER_ROOMS_MAX];
};

/* json NULL: all events. False, with a sentence in fault: it is none. */
bool filter_read(struct filter *out, const json_t *json, char fault[FILTER_FAULT_BYTES]);
/* Of what is kept as text. */
bool filter_parse(struct filter *out, const char *text);
/* Parses the event's JSON only where the filter asks for its author. */
bool filter_takes(const struct filter *f, const struct event *e);

#endif
