/*
 * The members of a command's `data`, described by constant tables and checked by one walker. The tables (request_tables.c) are made at build time
 * from protocol/schema/. Internal to protocol/codec.
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
	FIELD_BOOL,    /* bool, else fallback; and whether it was given */
	FIELD_CHOICE,  /* an enum, from 0: one of `choices`, else fallback; and whether it was given */
	FIELD_ANY,     /* json_t *: any value, of at most max bytes when written compactly */
	FIELD_CURSORS, /* struct cursor *, and a size_t with their number: an object of seqs by room id */
	FIELD_LIST,    /* an array of at most max values, each as `item` says, and a size_t with their number */
};

/* 2^53-1, the largest integer that every JSON reader keeps exact (RFC 8259 section 6). */
#define FIELD_SEQ_MAX UINT64_C(9007199254740991)

struct field {
	const char *name;
	enum field_kind kind;
	bool required;          /* null counts as absent */
	size_t offset;          /* in the structure */
	size_t beside;          /* offset of the bool "was given" (0: none); FIELD_CURSORS, FIELD_LIST: of the number */
	uint64_t min, max;      /* max 0: none (texts) */
	uint64_t fallback;      /* cut at the maximum */
	const char *limit_name; /* not NULL: a limit that is set replaces max */
	size_t limit_offset;    /* in struct limits */
	const char *const *choices;
	unsigned n_choices;
	const char *choices_say;  /* the sentence that names them all */
	const char *people_say;   /* texts that people fill in: what they call it; then faults are worded for them */
	const struct field *item; /* FIELD_LIST */
	size_t item_bytes;        /* of each in the structure */
};

/* What no single member can tell. */
struct field_rule {
	bool most_one; /* at most one of them may be given; else at least one must be */
	const uint8_t *members;
	size_t n_members;
	const char *say;
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
	const struct field_rule *rules;
	size_t n_rules;
	enum command_repeat repeat;
	bool has_lists; /* request_fields_free() has something to do */
};

const struct command_fields *request_fields_of(enum command c);

/* Fills the structure at `into` (zeroed) from an object. False at the first fault. request_fields_free() must be called in either case. */
bool request_fields_walk(const struct command_fields *fields, json_t *object, const struct limits *limits, void *into,
			 struct request_fault *fault);
void request_fields_free(const struct command_fields *fields, void *from);

#endif
