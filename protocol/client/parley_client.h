/*
 * A client of Parley. It signs in, sends requests and matches their replies, and hands over each event once and in order. When the connection or the server
 * goes away, it comes back by itself, with back-off and resume.
 *
 * Ownership: parley_client_create() makes it, parley_client_destroy() frees it. JSON that a callback gets is borrowed and valid during the call.
 * Threading: one thread at a time. Callbacks run inside parley_client_run() and parley_client_call(). They may send requests, and they may not destroy the
 * client.
 * Errors: parley_client_fault() has a sentence. Times are in milliseconds.
 */
#ifndef PARLEY_CLIENT_PARLEY_CLIENT_H
#define PARLEY_CLIENT_PARLEY_CLIENT_H

#include "codec/uid.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parley_client;

struct parley_event {
	const char *text; /* the event's bytes as the server sent them, NUL-terminated */
	size_t n;
	json_t *json;
	const char *type;
	const char *room; /* the room's id; NULL: none */
	uint64_t seq;     /* 0: not remembered */
};

struct parley_client_options {
	const char *server;  /* URL; see client_url.h */
	const char *ca_file; /* https: the authorities to trust in place of the system's, see client_tls.h; NULL: the system's */
	const char *token;   /* sign in with this … */
	const char *guest;   /* … or as a guest of this name; with neither the client does not sign in (the operator's socket) */
	bool reconnect;      /* come back after a loss; the first connection is tried once */
	uint32_t connect_ms; /* 0: 5000 */

	void *arg;                                                      /* passed to the callbacks below, each of which may be NULL */
	void (*on_event)(void *arg, const struct parley_event *event);  /* every event but repeated ones */
	void (*on_down)(void *arg, const char *why, uint32_t retry_ms); /* the connection was lost */
	void (*on_up)(void *arg, bool again);                           /* signed in; `again` after a loss */
	void (*on_patience)(void *arg, const json_t *reply); /* the server asked to make a request later, and the client does so */
};

/* Strings in the options must outlive the client. */
struct parley_client *parley_client_create(const struct parley_client_options *options);
void parley_client_destroy(struct parley_client *c);

/* Connects, signs in and waits for both. Returns 0, or a negative errno with a sentence in parley_client_fault(). */
int parley_client_connect(struct parley_client *c);

/* Gets the reply: {"type":"ok"|"error","ref":…,"data":{…}}. After a loss a request is sent again when repeating it does nothing twice
 * (command_repeatable()). Any other request gets an error with the code "connection_lost". So does every request that is left when the client ends. A
 * request that the server answered by closing the connection gets "connection_closed" and is not sent again. The requests around it are. */
typedef void parley_reply_fn(void *arg, json_t *reply);

/* Sends a request. Steals `data`; NULL means {}. The request waits until the client has signed in. on_reply may be NULL. */
void parley_client_request(struct parley_client *c, const char *type, json_t *data, parley_reply_fn *on_reply, void *arg);
/* Sends a request and waits for the reply. Returns a new reference, which the caller releases, or NULL when the client has ended. */
json_t *parley_client_call(struct parley_client *c, const char *type, json_t *data);
/* Sets the patience of the requests made from now on. When the server asks to make such a request later, the client makes it again, until patience_ms have
 * passed. Then the refusal is its reply. The patience is 0 at first: every refusal is a reply. */
void parley_client_be_patient(struct parley_client *c, uint32_t patience_ms);

/* Waits for the server, or until other_fd (-1: none) can be read, and does what there is to do. Waits at most wait_ms; -1 is no limit. Returns 0, or a
 * negative errno when the client has ended for good. *other_ready tells whether other_fd can be read. */
int parley_client_run(struct parley_client *c, int wait_ms, int other_fd, bool *other_ready);

/* Leaves: what was sent goes out, and then the connection closes. */
void parley_client_leave(struct parley_client *c);

/* Sets the seq from which a room is resumed after a loss: the last one that was handled. The client does this itself for every room that events come
 * from. */
void parley_client_set_cursor(struct parley_client *c, const char *room_id, uint64_t seq);

/* Returns the latest reply data of session.start, or NULL before the first. Borrowed. */
json_t *parley_client_session(const struct parley_client *c);
const char *parley_client_fault(const struct parley_client *c);

/* Returns whether a room.gap tells that the place in the room was void. Then everything kept of the room is thrown away, and the events that follow begin
 * behind the gap. */
bool parley_gap_is_void(const struct parley_event *gap);

/* Returns a new client_id as JSON. */
json_t *parley_client_new_id(void);
/* These return whether a reply is "ok", its data (borrowed), and the code and the sentence of an error. */
bool parley_reply_ok(const json_t *reply);
json_t *parley_reply_data(const json_t *reply);
const char *parley_reply_code(const json_t *reply);
const char *parley_reply_message(const json_t *reply);
/* Returns whether the server asks to make this request again later, and in how many milliseconds. connection_lost does not ask for that, because the
 * server may have done what was asked. */
bool parley_reply_retry(const json_t *reply, uint32_t *after_ms);

#endif
