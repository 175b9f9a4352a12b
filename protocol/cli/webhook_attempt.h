/*
 * A line about an attempt to deliver an event to an endpoint: by a server, or by this process.
 */
#ifndef PARLEY_CLI_WEBHOOK_ATTEMPT_H
#define PARLEY_CLI_WEBHOOK_ATTEMPT_H

#include <stdbool.h>

struct webhook_attempt {
	const char *at;      /* NULL: now */
	const char *outcome; /* where no status came */
	long long status;    /* 0: none came */
	long long latency_ms;
	const char *type, *room, *event; /* the event's id; NULL: there is none */
	long long seq, tries;
	const char *reply; /* the beginning of its body, or why none came; NULL: nothing */
};

/* Whether the endpoint took the event. */
bool webhook_attempt_took(const struct webhook_attempt *a);
/* Prints "[AT] STATUS|OUTCOME LATENCY ms [TYPE ROOM SEQ EVENT] [try N][: REPLY]". The first line of the reply stands there where the event was not taken. */
void webhook_attempt_print(const struct webhook_attempt *a);

#endif
