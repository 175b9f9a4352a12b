/*
 * A 128-bit identifier in its binary and its text form (RFC 9562: 8-4-4-4-12 lower-case hexadecimal digits).
 *
 * Used for users, rooms, events and client_ids. Making a fresh one is the server's business (server/base/id.h).
 * Upper-case digits are accepted when reading, lower-case are written.
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

/* Reads exactly 36 characters; false if they are not a UUID. */
bool uid_parse(const char *text, size_t n, struct uid *out);
/* Writes 36 characters and a NUL. */
void uid_format(const struct uid *id, char out[UID_TEXT_BYTES + 1]);
bool uid_equal(const struct uid *a, const struct uid *b);
bool uid_is_zero(const struct uid *id);

#endif
