/*
 * A client of Parley: signs in, sends requests and matches their replies, hands over events in order and once, and comes back
 * by itself (with resume and back-off) when the connection or the server goes away.
 *
 * Ownership: parley_client_create() makes it, parley_client_destroy() frees it. JSON handed to callbacks is borrowed and valid for
 * the call. Threading: one thread at a time; callbacks run inside parley_client_run() and parley_client_call(), may send
 * requests, and may not destroy the client.
 * Errors: a sentence in parley_client_fault(). Times are in milliseconds.
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
	const char *ca_file; /* https: authorities to trust in place of the system's, see client_tls.h; NULL: none */
	const char *token;   /* sign in with this … */
	const char *guest;   /* … or as a guest of this name; with neither there is no signing in (the operator's socket) */
	bool reconnect;      /* come back after a loss; a first connection is never tried twice */
	uint32_t connect_ms; /* 0: 5000 */

	void *arg;                                                      /* given to the callbacks below; each may be NULL */
	void (*on_event)(void *arg, const struct parley_event *event);  /* every event but repeated ones */
	void (*on_down)(void *arg, const char *why, uint32_t retry_ms); /* the connection was lost */
	void (*on_up)(void *arg, bool again);                           /* signed in; `again` after a loss */
	void (*on_patience)(void *arg, const json_t *reply);            /* the server asked to make a request later, and that is done */
};

/* Strings in the options must outlive the client. */
struct parley_client *parley_client_create(const struct parley_client_options *options);
void parley_client_destroy(struct parley_client *c);

/* Connects and signs in, waiting. 0, or a negative errno with a sentence in parley_client_fault(). */
int parley_client_connect(struct parley_client *c);

/* The reply: {"type":"ok"|"error","ref":…,"data":{…}}. After a loss a request is sent again where that does nothing twice (command_repeatable());
 * any other gets an error with the code "connection_lost", and so does every request left when the client ends. A request that the server answered
 * by closing the connection gets "connection_closed", and is not sent again; those around it are. */
typedef void parley_reply_fn(void *arg, json_t *reply);

/* Sends a request; steals `data` (NULL: {}). Before signing in is done it waits. on_reply may be NULL. */
void parley_client_request(struct parley_client *c, const char *type, json_t *data, parley_reply_fn *on_reply, void *arg);
/* The same, waiting for the reply: a new reference the caller releases, or NULL when the client has ended. */
json_t *parley_client_call(struct parley_client *c, const char *type, json_t *data);
/* Of the requests made from now on: where the server asks to make one later, it is made again then, for so long, before it is answered with the
 * refusal. 0, as at first: refusals are replies. */
void parley_client_be_patient(struct parley_client *c, uint32_t patience_ms);

/* Waits at most wait_ms (-1: as long as it takes) for the server, or for other_fd (-1: none) to be readable, and does what there
 * is to do. 0, or a negative errno when the client has ended for good. *other_ready tells about other_fd. */
int parley_client_run(struct parley_client *c, int wait_ms, int other_fd, bool *other_ready);

/* Says goodbye: what was sent goes out, the connection closes. */
void parley_client_leave(struct parley_client *c);

/* Where a room is resumed from after a loss: the last seq that was handled. Kept by itself for every room that events came from. */
void parley_client_set_cursor(struct parley_client *c, const char *room_id, uint64_t seq);

/* What session.start answered last; NULL before. Borrowed. */
json_t *parley_client_session(const struct parley_client *c);
const char *parley_client_fault(const struct parley_client *c);

/* Whether a room.gap says that the place in the room was no place: what is kept of the room is to be thrown away, and what follows begins
 * behind the gap. */
bool parley_gap_is_void(const struct parley_event *gap);

/* A fresh client_id as JSON. */
json_t *parley_client_new_id(void);
/* Whether a reply is "ok", its data (borrowed), and for an error its code and its sentence. */
bool parley_reply_ok(const json_t *reply);
json_t *parley_reply_data(const json_t *reply);
const char *parley_reply_code(const json_t *reply);
const char *parley_reply_message(const json_t *reply);
/* Whether the server asks to make this request again later, and in how many milliseconds. An answer that was lost (connection_lost) does not: what
 * was asked may have been done. */
bool parley_reply_retry(const json_t *reply, uint32_t *after_ms);

#endif
