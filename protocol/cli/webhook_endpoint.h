/*
 * What an endpoint is told by options, in files: headers and certificates.
 */
#ifndef PARLEY_CLI_WEBHOOK_ENDPOINT_H
#define PARLEY_CLI_WEBHOOK_ENDPOINT_H

#include <jansson.h>

/* Reads lines "Name: value", which are headers. Empty lines are skipped. Returns an object of texts, or NULL with the fault told. */
json_t *webhook_headers_from_file(const char *path);
/* Reads a file whole as a text, such as certificates in PEM. Returns NULL with the fault told. */
json_t *webhook_text_from_file(const char *path);

#endif
