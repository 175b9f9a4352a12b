/*
 * The members of a command's `data`, described by constant tables and checked by one walker. Internal to protocol/codec.
 */
#ifndef PARLEY_CODEC_REQUEST_FIELDS_H
#define PARLEY_CODEC_REQUEST_FIELDS_H

#include "request_fault.h"

/* What a member must be, and the type of the structure's member that it is decoded to. */
enum field_kind {
	FIELD_TEXT,    /* struct text: a string of at most max bytes, empty where min is 0 */
	FIELD_ID_TEXT, /* struct text: a UUID, left as text */
	FIELD_ID,      /* struct uid, and whether it was given */
	FIELD_ROOM,    /* struct room_ref */
	FIELD_NUMBER,  /* uint64_t: an integer of min to max, else fallback; and whether it was given */
	FIELD_BOOL,    /* bool, else fallback */
	FIELD_CHOICE,  /* an enum, from 0: one of `choices`; absent: 0 */
	FIELD_ANY,     /* json_t *: any value, of at most max bytes when written compactly */
	FIELD_CURSORS, /* struct cursor *, and a size_t with their number: an object of seqs by room id */
};

enum { FIELD_CHOICES = 2 };

/* 2^53-1, the largest integer that every JSON reader keeps exact (RFC 8259 section 6). */
#define FIELD_SEQ_MAX UINT64_C(9007199254740991)

struct field {
	const char *name;
	enum field_kind kind;
	bool required;          /* null counts as absent */
	size_t offset;          /* in the structure */
	size_t beside;          /* FIELD_ID, FIELD_NUMBER: offset of the bool (0: none); FIELD_CURSORS: of the number */
	uint64_t min, max;      /* max 0: none (texts) */
	uint64_t fallback;      /* cut at the maximum */
	const char *limit_name; /* not NULL: a limit that is set replaces max */
	size_t limit_offset;    /* in struct limits */
	const char *choices[FIELD_CHOICES];
	const char *people_say; /* texts that people fill in: what they call it; then faults are worded for them */
};

/* Whether a command may be repeated when its reply was lost (command_repeatable()). */
enum command_repeat {
	REPEAT_NEVER, /* it would do something twice, or be refused because it was done */
	REPEAT_ALWAYS,
	REPEAT_BY_CLIENT_ID, /* where it has one */
};

struct command_fields {
	const struct field *fields;
	size_t n_fields;
	enum command_repeat repeat;
	/* What no single member can tell; NULL: nothing. */
	bool (*rule)(const struct request *r, struct request_fault *fault);
};

const struct command_fields *request_fields_of(enum command c);

/* Fills the structure at `into` (zeroed) from an object. False at the first fault. */
bool request_fields_walk(const struct command_fields *fields, json_t *object, const struct limits *limits, void *into,
			 struct request_fault *fault);

#endif
