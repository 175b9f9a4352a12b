/*
 * A 128-bit identifier in its binary and its text form (RFC 9562: 8-4-4-4-12 lower-case hexadecimal digits).
 *
 * Users, rooms, events and client_ids have one. Upper-case digits are accepted when reading, lower-case are written. Any thread.
 */
#ifndef PARLEY_CODEC_UID_H
#define PARLEY_CODEC_UID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UID_TEXT_BYTES = 36 };

struct uid {
	uint8_t b[16];
};

/* Makes n fresh ones of version 4 (random). Their order means nothing. Many at once are cheaper: one call of the kernel makes 16 of them.
 * The process ends where the kernel has no randomness. */
void uid_random(struct uid *ids, size_t n);
/* Reads exactly 36 characters; false if they are not a UUID. */
bool uid_parse(const char *text, size_t n, struct uid *out);
/* Writes 36 characters and a NUL. */
void uid_format(const struct uid *id, char out[UID_TEXT_BYTES + 1]);
bool uid_equal(const struct uid *a, const struct uid *b);
bool uid_is_zero(const struct uid *id);

#endif
