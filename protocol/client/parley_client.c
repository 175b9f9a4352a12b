/*
 * The states of a client: down → hello → starting → ready → down again after a back-off, until it fails for good or leaves.
 */
#include "client/parley_client.h"

#include "client/client_clock.h"
#include "client/client_cursors.h"
#include "client/client_limits.h"
#include "client/client_link.h"
#include "client/client_random.h"
#include "client/client_requests.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 5000, HEARTBEAT_MS = 25000, BACK_OFF_FIRST_MS = 200, BACK_OFF_MOST_MS = 10000 };

enum client_state {
	CLIENT_DOWN,     /* no connection; the next try is at retry_at_ms */
	CLIENT_HELLO,    /* connected, waiting for hello */
	CLIENT_STARTING, /* session.start is under way */
	CLIENT_READY,    /* requests go out */
	CLIENT_ENDED,    /* it has failed for good, or has left */
};

struct parley_client {
	struct parley_client_options options;
	struct client_url url;
	enum client_state state;
	struct client_link *link; /* owned; NULL when down */
	struct client_requests requests;
	struct client_cursors cursors;
	struct client_limits limits;
	json_t *session; /* reply data of the last session.start; owned */
	char *token;     /* of a guest, for coming back; owned */
	bool was_ready;
	/* The back-off after the next loss; 0 before the first. An answered request or a remembered event resets it. Signing in does not: when each
	 * connection ends after signing in, the tries become rarer. */
	uint32_t back_off_ms;
	uint32_t told_ms; /* the earliest time to come back that the server told; 0: it told none */
	uint32_t heartbeat_ms;
	int64_t retry_at_ms, heard_at_ms, pinged_at_ms;
	struct client_fault fault;
};

struct parley_client *parley_client_create(const struct parley_client_options *options)
{
	struct parley_client *c = calloc(1, sizeof *c);

	assert(c != NULL);
	c->options = *options;
	c->state = CLIENT_DOWN;
	c->heartbeat_ms = HEARTBEAT_MS;
	client_requests_init(&c->requests);
	client_cursors_init(&c->cursors);
	return c;
}

void parley_client_destroy(struct parley_client *c)
{
	if (c == NULL)
		return;
	client_link_destroy(c->link);
	client_requests_finish(&c->requests);
	client_cursors_finish(&c->cursors);
	json_decref(c->session);
	free(c->token);
	free(c);
}

/* Ends the client for good and answers the waiting requests. */
static int client_end(struct parley_client *c, const char *why)
{
	if (why != c->fault.text)
		client_fault_set(&c->fault, "%s", why);
	client_link_destroy(c->link);
	c->link = NULL;
	c->state = CLIENT_ENDED;
	client_requests_lost(&c->requests, c->fault.text, true);
	return -ECONNRESET;
}

/* Called when the connection is gone or could not be made. Plans the next try, or ends. for_request: the server closed it because of a request. */
static int client_gone(struct parley_client *c, const char *why, bool for_request)
{
	if (!c->options.reconnect || !c->was_ready)
		return client_end(c, why);
	client_fault_set(&c->fault, "%s", why);
	client_link_destroy(c->link);
	c->link = NULL;
	c->state = CLIENT_DOWN;
	uint32_t base = c->back_off_ms == 0 ? BACK_OFF_FIRST_MS : c->back_off_ms;
	/* A random time between half and the whole, so that many clients do not come back at once. */
	uint32_t delay = base / 2 + client_random_below(base / 2 + 1);
	if (delay < c->told_ms)
		delay = c->told_ms;
	c->told_ms = 0;
	c->back_off_ms = base * 2 > BACK_OFF_MOST_MS ? BACK_OFF_MOST_MS : base * 2;
	c->retry_at_ms = client_clock_ms() + delay;
	if (for_request)
		client_requests_closed(&c->requests, c->fault.text);
	client_requests_lost(&c->requests, c->fault.text, false);
	if (c->options.on_down != NULL)
		c->options.on_down(c->options.arg, c->fault.text, delay);
	return 0;
}

static int client_lost(struct parley_client *c, const char *why)
{
	return client_gone(c, why, false);
}

/* Called when the connection has ended. What the server has refused by closing is not sent again, because it would be refused again. */
static int client_closed(struct parley_client *c)
{
	unsigned code = client_link_close_code(c->link);
	bool refused = code == 1002 || code == 1003 || code == 1007 || code == 1009;
	struct client_fault why;

	client_fault_set(&why, "%s", client_link_end(c->link));
	return refused && c->state == CLIENT_STARTING ? client_end(c, why.text) : client_gone(c, why.text, refused);
}

/* Sends the waiting requests. Those that the server would not read are answered here. */
static void send_requests(struct parley_client *c)
{
	struct client_request *r;

	while ((r = client_requests_next(&c->requests, &c->limits)) != NULL)
		client_link_send(c->link, r->frame, r->n);
}

static void client_ready(struct parley_client *c)
{
	bool again = c->was_ready;

	c->state = CLIENT_READY;
	c->was_ready = true;
	send_requests(c);
	if (c->options.on_up != NULL)
		c->options.on_up(c->options.arg, again);
}

/* session.start does not go through the queue of requests. It has the ref "start" and is not repeated as a request. */
static void session_start(struct parley_client *c)
{
	json_auto_t *data = json_object();
	const char *token = c->token != NULL ? c->token : c->options.token;

	if (token != NULL)
		(void)json_object_set_new(data, "token", json_string(token));
	else
		(void)json_object_set_new(data, "guest", json_string(c->options.guest));
	client_cursors_resume(&c->cursors, data);
	json_auto_t *frame = json_pack("{s:s, s:s, s:O}", "type", "session.start", "ref", "start", "data", data);
	char *text = json_dumps(frame, JSON_COMPACT);
	assert(text !=
	       NULL); /* json_dumps() does not fail: json_string() has refused a name that is not UTF-8, and the server names the fault */
	client_link_send(c->link, text, strlen(text));
	free(text);
	c->state = CLIENT_STARTING;
}

static int session_started(struct parley_client *c, json_t *reply)
{
	json_t *data = parley_reply_data(reply);

	if (!parley_reply_ok(reply)) {
		struct client_fault why;
		uint32_t after_ms;
		client_fault_set(&why, "the server refused to sign in: %s (%s)", parley_reply_message(reply), parley_reply_code(reply));
		if (!parley_reply_retry(reply, &after_ms))
			return client_end(c, why.text);
		c->told_ms = after_ms;
		return client_lost(c, why.text);
	}
	if (!json_is_object(data))
		return client_end(c, "the server's answer to the sign-in is not understood");
	json_decref(c->session);
	c->session = json_incref(data);
	const char *token = json_string_value(json_object_get(data, "token"));
	if (token != NULL) {
		free(c->token);
		c->token = strdup(token);
	}
	client_cursors_restart(&c->cursors, data);
	client_ready(c);
	return 0;
}

static void hello_taken(struct parley_client *c, const json_t *message)
{
	const json_t *data = json_object_get(message, "data");
	json_int_t heartbeat = json_integer_value(json_object_get(data, "heartbeat_ms"));

	if (heartbeat >= 100 && heartbeat <= 600000)
		c->heartbeat_ms = (uint32_t)heartbeat;
	client_limits_take(&c->limits, data);
	if (c->state == CLIENT_HELLO)
		session_start(c);
}

/* Takes what the client itself needs of an event. Returns false when the event is a repetition. */
static bool follow_event(struct parley_client *c, const struct parley_event *e)
{
	json_t *data = json_object_get(e->json, "data");

	if (e->room != NULL && e->seq > 0)
		return client_cursors_advance(&c->cursors, e->room, e->seq);
	if (strcmp(e->type, "server.leaving") == 0) {
		json_int_t after = json_integer_value(json_object_get(data, "retry_after_ms"));
		c->told_ms = after > 0 && after < 3600000 ? (uint32_t)after : 0;
	} else if (e->room != NULL && strcmp(e->type, "room.gap") == 0) {
		uint64_t to = (uint64_t)json_integer_value(json_object_get(data, "to"));
		if (parley_gap_is_void(e))
			client_cursors_set(&c->cursors, e->room, to);
		else
			(void)client_cursors_advance(&c->cursors, e->room, to);
	} else if (e->room != NULL && strcmp(e->type, "room.added") == 0) {
		client_cursors_set(&c->cursors, e->room, (uint64_t)json_integer_value(json_object_get(data, "last_seq")));
	} else if (e->room != NULL && strcmp(e->type, "room.removed") == 0) {
		client_cursors_forget(&c->cursors, e->room);
	}
	return true;
}

static int take_reply(struct parley_client *c, json_t *message)
{
	json_t *ref = json_object_get(message, "ref");
	const char *name = json_string_value(ref);
	bool nameless = ref == NULL && !parley_reply_ok(message);

	if (c->state == CLIENT_STARTING && (nameless || (name != NULL && strcmp(name, "start") == 0)))
		return session_started(c, message);
	/* Sets the cursor of a room that was just joined or created. Then the room is resumed from there even when the connection is lost before its first event. */
	json_t *data = parley_reply_data(message);
	const char *id = json_string_value(json_object_get(data, "id"));
	if (parley_reply_ok(message) && id != NULL && json_is_integer(json_object_get(data, "last_seq")))
		client_cursors_begin(&c->cursors, id, (uint64_t)json_integer_value(json_object_get(data, "last_seq")));
	bool kept = false;
	bool answered =
		nameless ? client_requests_answer_oldest(&c->requests, message, &kept)
			 : json_is_integer(ref) && client_requests_answer(&c->requests, (uint64_t)json_integer_value(ref), message, &kept);
	if (answered)
		c->back_off_ms = 0;
	if (kept && c->options.on_patience != NULL)
		c->options.on_patience(c->options.arg, message);
	if (answered && c->state == CLIENT_READY)
		send_requests(c);
	return 0;
}

static int take_message(struct parley_client *c, const char *text, size_t n)
{
	json_auto_t *message = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(message, "type"));

	if (type == NULL)
		return client_lost(c, "the server sent something that is not Parley's protocol");
	if (strcmp(type, "hello") == 0) {
		hello_taken(c, message);
		return 0;
	}
	if (strcmp(type, "ok") == 0 || strcmp(type, "error") == 0)
		return take_reply(c, message);
	struct parley_event e = {.text = text, .n = n, .json = message, .type = type};
	e.room = json_string_value(json_object_get(message, "room"));
	e.seq = (uint64_t)json_integer_value(json_object_get(message, "seq"));
	if (!follow_event(c, &e))
		return 0;
	if (e.seq > 0)
		c->back_off_ms = 0;
	if (c->options.on_event != NULL)
		c->options.on_event(c->options.arg, &e);
	return 0;
}

static int client_open(struct parley_client *c)
{
	struct client_fault fault = {""};

	c->link = client_link_open(&c->url, c->options.ca_file, c->options.connect_ms == 0 ? CONNECT_MS : c->options.connect_ms, &fault);
	if (c->link == NULL)
		return client_lost(c, fault.text);
	c->heard_at_ms = c->pinged_at_ms = client_clock_ms();
	c->state = CLIENT_HELLO;
	if (c->options.token == NULL && c->options.guest == NULL)
		client_ready(c);
	return 0;
}

/* The server pings once a heartbeat: something has to arrive within two of them. */
static int client_beat(struct parley_client *c)
{
	int64_t now = client_clock_ms();

	if (now - c->heard_at_ms > 2 * (int64_t)c->heartbeat_ms + 5000)
		return client_lost(c, "the server fell silent");
	if (now - c->heard_at_ms > c->heartbeat_ms && now - c->pinged_at_ms > c->heartbeat_ms) {
		client_link_ping(c->link);
		c->pinged_at_ms = now;
	}
	return 0;
}

/* Takes every message that has arrived. Returns 0, also when the connection was replaced or removed meanwhile, or a negative errno when the client has
 * ended for good. */
static int take_messages(struct parley_client *c)
{
	const struct client_link *link = c->link;

	while (c->link == link) { /* a loss during a callback replaces or removes it */
		const char *text;
		size_t n;
		int have = client_link_next(c->link, &text, &n);
		if (have < 0)
			return client_closed(c);
		if (have == 0)
			break;
		c->heard_at_ms = client_clock_ms();
		int taken = take_message(c, text, n);
		if (taken < 0)
			return taken;
	}
	return 0;
}

/* Does everything that can be done without waiting. */
static int client_step(struct parley_client *c)
{
	if (c->state == CLIENT_ENDED)
		return -ECONNRESET;
	if (c->state == CLIENT_DOWN && client_clock_ms() >= c->retry_at_ms) {
		int opened = client_open(c);
		if (opened < 0)
			return opened;
	}
	if (c->link == NULL)
		return 0;
	if (c->state == CLIENT_READY)
		send_requests(c); /* the requests whose time has come */
	int gone = client_link_receive(c->link);
	const struct client_link *link = c->link;
	int taken = take_messages(c);
	if (taken == 0 && c->link == link && gone == 0) {
		gone = client_link_flush(c->link);
		taken = gone == 0 ? 0 : take_messages(c);
	}
	if (taken < 0 || c->link != link)
		return taken;
	return gone != 0 ? client_closed(c) : client_beat(c);
}

/* Returns how long there is nothing to do but to wait for the socket. */
static int client_due_ms(const struct parley_client *c)
{
	int64_t now_ms = client_clock_ms();
	int64_t due_ms = c->link == NULL ? c->retry_at_ms - now_ms : c->heartbeat_ms / 4;
	int64_t request_ms = c->state == CLIENT_READY ? client_requests_due_ms(&c->requests) : -1;

	if (request_ms >= 0 && request_ms - now_ms < due_ms)
		due_ms = request_ms - now_ms;
	return due_ms < 0 ? 0 : (int)due_ms;
}

int parley_client_run(struct parley_client *c, int wait_ms, int other_fd, bool *other_ready)
{
	if (c->state == CLIENT_ENDED)
		return -ECONNRESET;
	if (c->link != NULL && client_link_flush(c->link) != 0)
		wait_ms = 0; /* the next step finds out how it ended */
	int wait = client_due_ms(c);
	if (wait_ms >= 0 && wait_ms < wait)
		wait = wait_ms;
	/* poll(2) skips negative descriptors. */
	struct pollfd fds[2] = {
		{.fd = c->link == NULL ? -1 : client_link_fd(c->link), .events = POLLIN},
		{.fd = other_fd, .events = POLLIN},
	};
	if (c->link != NULL && client_link_wants_write(c->link))
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, wait) < 0 && errno != EINTR)
		return client_end(c, strerror(errno));
	if (other_ready != NULL)
		*other_ready = other_fd >= 0 && fds[1].revents != 0;
	return client_step(c);
}

int parley_client_connect(struct parley_client *c)
{
	if (client_url_parse(c->options.server, &c->url, &c->fault) != 0)
		return client_end(c, c->fault.text);
	int64_t until = client_clock_ms() + 2 * (int64_t)(c->options.connect_ms == 0 ? CONNECT_MS : c->options.connect_ms);
	while (c->state != CLIENT_READY) {
		int run = parley_client_run(c, 100, -1, NULL);
		if (run < 0)
			return run;
		if (client_clock_ms() > until)
			return client_end(c, "the server does not answer");
	}
	return 0;
}

void parley_client_request(struct parley_client *c, const char *type, json_t *data, parley_reply_fn *on_reply, void *arg)
{
	(void)client_requests_add(&c->requests, type, data, on_reply, arg);
	if (c->state == CLIENT_READY)
		send_requests(c);
	else if (c->state == CLIENT_ENDED)
		client_requests_lost(&c->requests, c->fault.text, true);
}

void parley_client_be_patient(struct parley_client *c, uint32_t patience_ms)
{
	c->requests.patience_ms = patience_ms;
}

static void keep_reply(void *arg, json_t *reply)
{
	json_t **kept = arg;

	*kept = json_incref(reply);
}

json_t *parley_client_call(struct parley_client *c, const char *type, json_t *data)
{
	json_t *reply = NULL;

	parley_client_request(c, type, data, keep_reply, &reply);
	while (reply == NULL && parley_client_run(c, -1, -1, NULL) == 0)
		;
	return reply;
}

void parley_client_leave(struct parley_client *c)
{
	int64_t until = client_clock_ms() + 1000;

	c->options.reconnect = false;
	if (c->link != NULL)
		client_link_say_goodbye(c->link);
	while (c->link != NULL && client_clock_ms() < until && parley_client_run(c, 100, -1, NULL) == 0)
		;
}

void parley_client_set_cursor(struct parley_client *c, const char *room_id, uint64_t seq)
{
	client_cursors_set(&c->cursors, room_id, seq);
}

json_t *parley_client_session(const struct parley_client *c)
{
	return c->session;
}

const char *parley_client_fault(const struct parley_client *c)
{
	return c->fault.text;
}
