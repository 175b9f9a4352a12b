/*
 * Where an endpoint's events go: its URL and the headers it wants beside ours, and the checks of both that are made when they are given. The URL is read by
 * libcurl, whose reader also reads it for dialling, so that both see the same host. Whether its address may be reached is decided when it is dialled
 * (webhook_address.h); here an address in numbers, in any spelling, is refused early. The thread that loads libcurl (webhook_curl.h).
 */
#ifndef PARLEY_WEBHOOK_TARGET_H
#define PARLEY_WEBHOOK_TARGET_H

#include "webhook/webhook_address.h"

enum { WEBHOOK_URL_BYTES_MAX = 2000, WEBHOOK_HEADER_BYTES_MAX = 1000 };

struct webhook_header {
	const char *name, *value; /* as webhook_header_check() takes them; others are left out */
};

/* Returns NULL, or what is wrong with the URL, as the end of "the URL …"; where libcurl is missing, that is wrong with each. `host` receives the host's name or
 * address, without brackets. `url` has no NUL in it and ends with one. */
const char *webhook_url_check(const struct webhook_policy *policy, const char *url, char host[WEBHOOK_HOST_BYTES]);
/* Returns NULL, or what is wrong with a header, as the end of "the header …". Ours, and those of the connection, may not be given. */
const char *webhook_header_check(const char *name, const char *value);

#endif
