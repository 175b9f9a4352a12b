/*
 * From the bytes of a request to a checked, typed structure: first the envelope {type, ref, data}, then the members of
 * `data` by the command's own table of fields, which is made from its schema (protocol/generate.py). Nothing behind this file sees JSON that was not checked.
 *
 * Order of checks: length, nesting depth (before parsing), JSON (RFC 8259; duplicate members, NUL and lone surrogates refused;
 * invalid UTF-8 refused), then each member's presence, type, range and form. The first fault is reported with the member's name.
 *
 * Ownership: a struct request owns its JSON; the strings in the decoded structure point into it and live as long.
 */
#ifndef PARLEY_CODEC_REQUEST_DECODE_H
#define PARLEY_CODEC_REQUEST_DECODE_H

#include "codec/commands.h"
#include "limits.h"
#include "request_types.h"
#include "wire_error.h"

/* One row of COMMAND_TABLE per command of the protocol. Handlers are the server's business (server/command/dispatch.c). */
enum command {
#define X(symbol, type, ident) symbol,
	COMMAND_TABLE(X)
#undef X
		CMD_COUNT
};

enum { REF_BYTES_MAX = 64 };

/* How a reply names its request. It stands for itself: it is kept across a wait without the request, and goes with a request that is moved. */
struct reply_ref {
	char text[REF_BYTES_MAX + 2]; /* NUL-terminated */
	uint8_t n;                    /* 0: the request had none */
	bool is_number;
	const char *ran; /* NULL, or a constant: the command that is run in the place of the one that was asked for. The reply tells it */
};

struct request {
	enum command command;
	struct reply_ref ref; /* given back in the reply. On the wire a string of at most REF_BYTES_MAX bytes or an integer */
	union {
#define X(symbol, type, ident) struct data_##ident ident;
		COMMAND_TABLE(X)
#undef X
	} data;
	json_t *json; /* owned; of what is no JSON its ref alone, or NULL */
};

/* What was wrong; the code is a row of the table. The message is for people where the member is one that people fill in; else it names the member. */
struct request_fault {
	enum wire_error code; /* WIRE_OK when there is none */
	const char *field;    /* the member of `data` that is at fault, a constant; NULL: none, or it is not known */
	char message[200];
};

/* Decodes a whole frame: {"type":…,"ref":…,"data":{…}}. Returns true, or false with *fault filled. On false, out->ref is still
 * set when one can be found, even in what is no JSON (so the error can carry it), and request_finish() must be called all the same. */
bool request_decode(const uint8_t *bytes, size_t n, const struct limits *limits, struct request *out, struct request_fault *fault);
/* The same for a transport that names the command elsewhere (HTTP): bytes are `data` alone; an empty body is {}. */
bool request_decode_data(enum command command, const uint8_t *bytes, size_t n, const struct limits *limits, struct request *out,
			 struct request_fault *fault);
/* Only the reference of a whole frame, for one that is refused unread: one pass. Without one that can be found, out->ref stays empty.
 * request_finish() as above. */
void request_peek_ref(const uint8_t *bytes, size_t n, struct request *out);
void request_finish(struct request *r);

/* The command with this type, or CMD_COUNT. */
enum command command_by_type(const char *type, size_t n);
const char *command_type(enum command c);
/* Whether a request whose reply was lost may be made again: what it does is then not done twice. data: of the request, NULL: {}. CMD_COUNT,
 * which a newer server may know, may not. */
bool command_repeatable(enum command c, const json_t *data);

#endif
