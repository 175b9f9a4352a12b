/*
 * Posts events to a URL of the person's own choice, as a server posts them (Standard Webhooks 1.0): one after the other, each waited for. The address is not
 * checked: it is reached from the person's own machine.
 *
 * Ownership: webhook_post_open() makes it, webhook_post_close() frees it and accepts NULL. One thread.
 */
#ifndef PARLEY_CLI_WEBHOOK_POST_H
#define PARLEY_CLI_WEBHOOK_POST_H

#include "webhook/webhook_sign.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { WEBHOOK_POST_REPLY_BYTES = 1024, WEBHOOK_POST_FAULT_BYTES = 256 };

struct webhook_post;

struct webhook_post_options {
	const char *url;
	const char *ca_file;   /* trust the authorities in this file, not the system's; NULL: the system's */
	const json_t *headers; /* besides: an object of texts; NULL: none */
	struct webhook_secret secret;
	int stop_fd; /* see cli_stop.h: the exchange ends when it can be read */
};

struct webhook_post_outcome {
	unsigned status; /* 0: none came; `fault` tells why */
	uint32_t latency_ms;
	char fault[WEBHOOK_POST_FAULT_BYTES];
	char reply[WEBHOOK_POST_REPLY_BYTES]; /* the beginning of the reply's body, as text */
};

/* What the options point at must outlive it. Returns CLI_OK, or CLI_FAILED or CLI_USAGE with the fault told. */
int webhook_post_open(const struct webhook_post_options *options, struct webhook_post **out);
void webhook_post_close(struct webhook_post *p);
/* timeout_ms: for the whole exchange. */
void webhook_post_send(struct webhook_post *p, const char *id, const char *body, uint32_t timeout_ms, struct webhook_post_outcome *out);

#endif
