/*
 * Preparation. One guest creates the rooms. Every connection signs in once, joins its rooms and closes, so that a room of thousands does not tell each
 * joiner to all who joined before. Then all connections sign in with their tokens and stay.
 */
#include "cli/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPENING_MAX = 64, ASKING_MAX = 16, SETUP_SECONDS = 180 };

static void send_text(struct bench *b, struct bench_conn *c, const struct buf *text)
{
	auto_buf frame = BUF_INIT;

	bench_loop_frame(b, &frame, 0x1, (const char *)text->data, text->len);
	bench_loop_write(b, c, &frame);
}

static void job_done(struct bench *b, struct bench_conn *c)
{
	b->n_done++;
	if (b->job != BENCH_JOB_LIVE) {
		bench_loop_close(b, c);
		return;
	}
	c->state = BENCH_LIVE;
	b->n_opening--;
}

static void sign_in(struct bench *b, struct bench_conn *c)
{
	auto_buf text = BUF_INIT;

	if (b->job == BENCH_JOB_LIVE && c->token != NULL)
		buf_appendf(&text, "{\"type\":\"session.start\",\"ref\":0,\"data\":{\"token\":\"%s\"}}", c->token);
	else if (b->job == BENCH_JOB_CREATE)
		buf_appendf(&text, "{\"type\":\"session.start\",\"ref\":0,\"data\":{\"guest\":\"bench %s\"}}", b->run);
	else
		buf_appendf(&text, "{\"type\":\"session.start\",\"ref\":0,\"data\":{\"guest\":\"bench %s %u\"}}", b->run, c->number);
	c->state = BENCH_STARTING;
	send_text(b, c, &text);
}

void bench_setup_upgraded(struct bench *b, struct bench_conn *c)
{
	c->state = BENCH_HELLO;
	if (!b->parley)
		job_done(b, c);
}

/* Sends the next requests of a connection that creates or joins: the creator's are for all rooms, the others' for their own. */
static void ask_on(struct bench *b, struct bench_conn *c)
{
	uint32_t n = b->job == BENCH_JOB_CREATE ? b->n_rooms : b->n_rooms == 0 ? 0 : (uint32_t)b->options.rooms_per_reader;

	c->state = BENCH_ASKING;
	if (c->answered == n) {
		job_done(b, c);
		return;
	}
	while (c->fd >= 0 && c->asked < n && c->asked - c->answered < ASKING_MAX) {
		auto_buf text = BUF_INIT;
		uint32_t number = c->asked++;
		if (b->job == BENCH_JOB_CREATE)
			buf_appendf(&text, "{\"type\":\"room.create\",\"ref\":%u,\"data\":{\"name\":\"bench %s %u\"}}", number, b->run,
				    number);
		else
			buf_appendf(&text, "{\"type\":\"room.join\",\"ref\":%u,\"data\":{\"room\":\"%s\"}}", number,
				    b->rooms[bench_room_of(b, c, number)].id);
		send_text(b, c, &text);
	}
}

static void set_cursor(struct bench *b, struct bench_conn *c, const json_t *room)
{
	const char *id = json_string_value(json_object_get(room, "id"));

	for (uint64_t slot = 0; id != NULL && slot < b->options.rooms_per_reader; slot++)
		if (strcmp(b->rooms[bench_room_of(b, c, slot)].id, id) == 0)
			c->cursors[slot] = (uint64_t)json_integer_value(json_object_get(room, "last_seq"));
}

static void signed_in(struct bench *b, struct bench_conn *c, json_t *data)
{
	const char *token = json_string_value(json_object_get(data, "token"));
	json_t *rooms = json_object_get(data, "rooms"), *room;
	size_t i;

	if (token != NULL && c->token == NULL)
		c->token = strdup(token);
	if (b->job != BENCH_JOB_LIVE) {
		ask_on(b, c);
		return;
	}
	if (b->n_rooms > 0) {
		json_array_foreach(rooms, i, room)
			set_cursor(b, c, room);
		if (json_array_size(rooms) != b->options.rooms_per_reader)
			bench_fail(b, "connection %u is in %zu rooms instead of %llu", c->number + 1, json_array_size(rooms),
				   (unsigned long long)b->options.rooms_per_reader);
	}
	job_done(b, c);
}

static void asked_answered(struct bench *b, struct bench_conn *c, const json_t *reply)
{
	const char *id = json_string_value(json_object_get(json_object_get(reply, "data"), "id"));
	json_int_t number = json_integer_value(json_object_get(reply, "ref"));

	if (b->job == BENCH_JOB_CREATE && id != NULL && number >= 0 && number < (json_int_t)b->n_rooms)
		(void)snprintf(b->rooms[number].id, sizeof b->rooms[number].id, "%s", id);
	c->answered++;
	ask_on(b, c);
}

void bench_setup_frame(struct bench *b, struct bench_conn *c, const char *payload, size_t n)
{
	json_auto_t *message = json_loadb(payload, n, 0, NULL);
	const char *type = json_string_value(json_object_get(message, "type"));

	if (type == NULL) {
		bench_fail(b, "the server sent something that is not Parley's protocol");
	} else if (strcmp(type, "error") == 0) {
		json_t *data = json_object_get(message, "data");
		bench_fail(b, "the server refused to set up the load: %s (%s)", json_string_value(json_object_get(data, "message")),
			   json_string_value(json_object_get(data, "code")));
	} else if (strcmp(type, "hello") == 0 && c->state == BENCH_HELLO) {
		if (b->limits_seen || bench_limits_allow(b, json_object_get(message, "data")))
			sign_in(b, c);
		b->limits_seen = true;
	} else if (strcmp(type, "ok") == 0 && c->state == BENCH_STARTING) {
		signed_in(b, c, json_object_get(message, "data"));
	} else if (strcmp(type, "ok") == 0 && c->state == BENCH_ASKING) {
		asked_answered(b, c, message);
	}
}

/* Whether one more connection may sign in, after `opened` since `from`: setting up stays below the server's rate of sign-ins. */
static bool is_in_pace(const struct bench *b, uint32_t opened, uint64_t from)
{
	return b->sign_ins == 0 || opened <= (double)b->sign_ins * 0.75 * (double)(bench_now() - from) / 1e9;
}

/* Turns the loop until `n` jobs are done, and opens the remaining connections meanwhile. */
static bool work_off(struct bench *b, struct bench_conn *conns, uint32_t n)
{
	uint64_t from = bench_now(), until = from + SETUP_SECONDS * 1000000000ull;
	uint32_t opened = 0;

	b->n_done = 0;
	while (b->n_done < n && b->fault[0] == '\0') {
		while (opened < n && b->n_opening < OPENING_MAX && is_in_pace(b, opened, from) && bench_loop_open(b, &conns[opened]))
			opened++;
		bench_loop_turn(b, b->sign_ins == 0 ? 100 : 1);
		if (bench_now() > until)
			bench_fail(b, "not ready after %d seconds: %u of %u connections are", SETUP_SECONDS, b->n_done, n);
	}
	return b->fault[0] == '\0';
}

bool bench_setup_conns(struct bench *b, enum bench_job job, uint32_t first, uint32_t n)
{
	b->job = job;
	return work_off(b, &b->conns[first], n);
}

bool bench_setup_rooms(struct bench *b)
{
	b->job = BENCH_JOB_CREATE;
	b->creator.fd = -1;
	return work_off(b, &b->creator, 1);
}
