/*
 * The requests of `parley pipe` are in lanes. The requests that name one room (by the same word; room.create by the room's name) are a lane, and so are those
 * that name none. The requests of a lane go out one after the other, each when the one before was answered. So they are done in the order in which they
 * were read. A request that the server asks to make later waits and is made again, and no request of its lane overtakes it. Other lanes go on meanwhile.
 *
 * Ownership: the caller owns the struct, and pipe_lanes_finish() frees what it holds. It must live as long as the client. One thread.
 */
#ifndef PARLEY_CLI_PIPE_LANES_H
#define PARLEY_CLI_PIPE_LANES_H

#include "client/parley_client.h"

enum { PIPE_CODES = 24, PIPE_CODE_BYTES = 40 };

/* The numbers of refused requests, by code. */
struct pipe_refusals {
	uint64_t n;
	struct {
		char code[PIPE_CODE_BYTES]; /* NUL-terminated, cut */
		uint64_t n, first_line;
	} by_code[PIPE_CODES]; /* the last one in use also counts the codes without a place */
};

struct pipe_lanes {
	struct parley_client *client;
	struct pipe_lane *lanes; /* owned */
	size_t n_waiting;        /* requests without an answer */
	uint64_t n_requests;     /* so far */
	struct pipe_refusals refusals;
	void (*on_reply)(json_t *reply); /* gets the final reply to a request, with the request's own ref */
};

void pipe_lanes_finish(struct pipe_lanes *lanes);
/* Puts a request in its lane. Steals data and ref; ref is NULL when it has none. `line` is its line of the input, for messages. */
void pipe_lanes_add(struct pipe_lanes *lanes, uint64_t line, const char *type, json_t *data, json_t *ref);
/* Counts an input that is no request. */
void pipe_lanes_count(struct pipe_lanes *lanes, uint64_t line, const char *code);
/* Sends what may go out. */
void pipe_lanes_turn(struct pipe_lanes *lanes);
/* Called when the client has ended. Answers the waiting requests with `why`. */
void pipe_lanes_end(struct pipe_lanes *lanes, const char *why);
/* Tells in one line what was refused. Returns whether anything was. */
bool pipe_lanes_tell(const struct pipe_lanes *lanes);

#endif
