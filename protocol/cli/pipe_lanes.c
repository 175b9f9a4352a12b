/*
 * A list of lanes, and each lane is a queue. A program writes to a few rooms, rarely to hundreds.
 */
#include "cli/pipe_lanes.h"

#include "cli/cli_say.h"
#include "codec/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pipe_request {
	struct pipe_request *next;
	struct pipe_lane *lane;
	char *type;
	json_t *data, *ref; /* ref is NULL when the request has none */
	uint64_t line;
};

struct pipe_lane {
	struct pipe_lane *next;
	struct pipe_lanes *all;
	char *room; /* as the requests name it; "" for requests without a room */
	struct pipe_request *first, **end;
	bool under_way; /* the first request was given to the client */
};

static void request_free(struct pipe_request *r)
{
	free(r->type);
	json_decref(r->data);
	json_decref(r->ref);
	free(r);
}

static void take_first(struct pipe_lane *lane)
{
	struct pipe_request *r = lane->first;

	lane->first = r->next;
	if (lane->first == NULL)
		lane->end = &lane->first;
	lane->all->n_waiting--;
	request_free(r);
}

/* Frees all lanes, or without `all` the empty ones. */
static void free_lanes(struct pipe_lanes *lanes, bool all)
{
	for (struct pipe_lane **link = &lanes->lanes; *link != NULL;) {
		struct pipe_lane *lane = *link;
		while (all && lane->first != NULL)
			take_first(lane);
		if (lane->first != NULL) {
			link = &lane->next;
			continue;
		}
		*link = lane->next;
		free(lane->room);
		free(lane);
	}
}

void pipe_lanes_finish(struct pipe_lanes *lanes)
{
	free_lanes(lanes, true);
}

static struct pipe_lane *lane_of(struct pipe_lanes *lanes, const json_t *data)
{
	const char *room = json_string_value(json_object_get(data, "room"));
	struct pipe_lane **link = &lanes->lanes;

	if (room == NULL)
		room = json_string_value(json_object_get(data, "name")); /* room.create names the new room */
	room = room == NULL ? "" : room;
	while (*link != NULL && strcmp((*link)->room, room) != 0)
		link = &(*link)->next;
	if (*link != NULL)
		return *link;
	struct pipe_lane *lane = calloc(1, sizeof *lane);
	assert(lane != NULL);
	lane->all = lanes;
	lane->room = strdup(room);
	assert(lane->room != NULL);
	lane->end = &lane->first;
	*link = lane;
	return lane;
}

void pipe_lanes_add(struct pipe_lanes *lanes, uint64_t line, const char *type, json_t *data, json_t *ref)
{
	struct pipe_lane *lane = lane_of(lanes, data);
	struct pipe_request *r = calloc(1, sizeof *r);

	assert(r != NULL);
	*r = (struct pipe_request){.lane = lane, .type = strdup(type), .data = data, .ref = ref, .line = line};
	assert(r->type != NULL);
	*lane->end = r;
	lane->end = &r->next;
	lanes->n_waiting++;
	lanes->n_requests++;
}

static void count_refused(struct pipe_refusals *refusals, uint64_t line, const char *code)
{
	size_t i = 0;

	while (i < PIPE_CODES - 1 && refusals->by_code[i].n > 0 && strncmp(refusals->by_code[i].code, code, PIPE_CODE_BYTES - 1) != 0)
		i++;
	if (refusals->by_code[i].n++ == 0) {
		refusals->by_code[i].first_line = line;
		(void)snprintf(refusals->by_code[i].code, PIPE_CODE_BYTES, "%s", i < PIPE_CODES - 1 ? code : "others");
	}
	refusals->n++;
}

void pipe_lanes_count(struct pipe_lanes *lanes, uint64_t line, const char *code)
{
	lanes->n_requests++;
	count_refused(&lanes->refusals, line, code);
}

/* The reply gets the request's own ref in the place of the client's. */
static void answer(struct pipe_lane *lane, json_t *reply)
{
	struct pipe_lanes *all = lane->all;
	struct pipe_request *r = lane->first;

	if (!parley_reply_ok(reply))
		count_refused(&all->refusals, r->line, parley_reply_code(reply));
	if (r->ref == NULL)
		(void)json_object_del(reply, "ref");
	else
		(void)json_object_set(reply, "ref", r->ref);
	all->on_reply(reply);
	take_first(lane);
}

static void on_reply(void *arg, json_t *reply)
{
	struct pipe_lane *lane = arg;

	lane->under_way = false;
	answer(lane, reply);
}

void pipe_lanes_turn(struct pipe_lanes *lanes)
{
	for (struct pipe_lane *lane = lanes->lanes; lane != NULL; lane = lane->next) {
		/* When the client answers a request at once without sending it, the next one follows. */
		while (lane->first != NULL && !lane->under_way) {
			lane->under_way = true;
			parley_client_request(lanes->client, lane->first->type, json_incref(lane->first->data), on_reply, lane);
		}
	}
	free_lanes(lanes, false);
}

void pipe_lanes_end(struct pipe_lanes *lanes, const char *why)
{
	for (struct pipe_lane *lane = lanes->lanes; lane != NULL; lane = lane->next) {
		while (lane->first != NULL) {
			json_auto_t *reply = json_pack("{s:s, s:{s:s, s:s, s:b}}", "type", "error", "data", "code", "connection_lost",
						       "message", why, "retryable", 1);
			answer(lane, reply);
		}
	}
}

bool pipe_lanes_tell(const struct pipe_lanes *lanes)
{
	const struct pipe_refusals *refusals = &lanes->refusals;
	auto_buf text = BUF_INIT;

	for (size_t i = 0; i < PIPE_CODES && refusals->by_code[i].n > 0; i++)
		buf_appendf(&text, "%s %s %" PRIu64 " (%s line %" PRIu64 ")", i == 0 ? ":" : ",", refusals->by_code[i].code,
			    refusals->by_code[i].n, refusals->by_code[i].n == 1 ? "in" : "first in", refusals->by_code[i].first_line);
	buf_append_byte(&text, 0);
	if (refusals->n > 0)
		cli_tell("%" PRIu64 " of %" PRIu64 " requests were refused%s", refusals->n, lanes->n_requests, (const char *)text.data);
	return refusals->n > 0;
}
