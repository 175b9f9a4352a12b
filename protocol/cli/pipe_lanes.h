/*
 * The requests of `parley pipe`, in lanes: those that name the same room (by the same word; room.create by the room's name), and those that name none,
 * go out one after the other, each when the one before was answered. So they are done in the order in which they were read, and one that the server asks to make later waits and is
 * made again without anything of its lane overtaking it. Other lanes go on meanwhile.
 *
 * Ownership: a struct of the caller's, pipe_lanes_finish() frees what hangs in it. It must live as long as the client. One thread.
 */
#ifndef PARLEY_CLI_PIPE_LANES_H
#define PARLEY_CLI_PIPE_LANES_H

#include "client/parley_client.h"

enum { PIPE_CODES = 24, PIPE_CODE_BYTES = 40 };

/* How many were refused, by code. */
struct pipe_refusals {
	uint64_t n;
	struct {
		char code[PIPE_CODE_BYTES]; /* NUL-terminated, cut */
		uint64_t n, first_line;
	} by_code[PIPE_CODES]; /* the last one in use takes what has no place */
};

struct pipe_lanes {
	struct parley_client *client;
	struct pipe_lane *lanes; /* owned */
	size_t n_waiting;        /* requests without an answer */
	uint64_t n_requests;     /* so far */
	struct pipe_refusals refusals;
	void (*on_reply)(json_t *reply); /* the last word on a request, with the ref of its own */
};

void pipe_lanes_finish(struct pipe_lanes *lanes);
/* Puts a request in its lane; steals data and ref (NULL: none). line: of the input, for what is told. */
void pipe_lanes_add(struct pipe_lanes *lanes, uint64_t line, const char *type, json_t *data, json_t *ref);
/* Counts an input that is no request. */
void pipe_lanes_count(struct pipe_lanes *lanes, uint64_t line, const char *code);
/* Sends what may go out. */
void pipe_lanes_turn(struct pipe_lanes *lanes);
/* The client has ended: `why`. What waits is answered so. */
void pipe_lanes_end(struct pipe_lanes *lanes, const char *why);
/* Tells what was refused, in one line; whether something was. */
bool pipe_lanes_tell(const struct pipe_lanes *lanes);

#endif
