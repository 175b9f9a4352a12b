/*
 * What an endpoint wants besides a URL: headers (a JSON object of texts) and certificates (PEM). They are checked when they are given, and the headers are read again when the endpoint is
 * made. Pure; any thread.
 */
#ifndef PARLEY_WEBHOOK_WANTED_H
#define PARLEY_WEBHOOK_WANTED_H

#include "webhook/webhook_target.h"

#include <jansson.h>
#include <stdbool.h>

enum { WEBHOOK_HEADERS_MAX = 16, WEBHOOK_WANTED_FAULT_BYTES = 120 };

/* False, with what is wrong in fault, as the end of "headers: …". */
bool webhook_headers_good(const json_t *headers, char fault[WEBHOOK_WANTED_FAULT_BYTES]);
/* Names and values stay those of `headers`, which was good. Returns how many there are; NULL has none. */
size_t webhook_headers_of(const json_t *headers, struct webhook_header out[WEBHOOK_HEADERS_MAX]);
/* Returns NULL, or what is wrong, as the end of "ca: …". What is in the certificates is known when the endpoint is dialled. */
const char *webhook_ca_check(const char *pem, size_t n);

#endif
