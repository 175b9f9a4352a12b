/*
 * Looks whether bytes are JSON without building anything of it, for what is passed on as it is: an event that another instance stored.
 *
 * It knows less than json_check_parse() and is sure of what it knows: an escape with a number, a fraction, a number of many digits or an object of many
 * members is left to that.
 */
#ifndef PARLEY_CODEC_JSON_VALID_H
#define PARLEY_CODEC_JSON_VALID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the n bytes are surely one JSON object of at most `depth` levels: then json_check_parse() takes them, too. Pure. */
bool json_valid_object(const uint8_t *bytes, size_t n, unsigned depth);

#endif
