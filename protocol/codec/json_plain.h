/*
 * A parser for what nearly all requests are: objects within objects, strings without escapes, whole numbers, true, false and null. It
 * builds what json_loadb() builds of the same bytes, in a quarter of the time (jansson reads byte by byte through a callback). Whatever else
 * JSON has, and whatever is no JSON, is left to jansson, which also finds the words for a fault.
 */
#ifndef PARLEY_CODEC_JSON_PLAIN_H
#define PARLEY_CODEC_JSON_PLAIN_H

#include <jansson.h>
#include <stdint.h>

/* The caller owns the result. NULL: not plain; ask jansson, unless *twice_at is not 0: then a member is given twice, and its second name ends there.
 * Recurses once per level of nesting, which the caller has bounded. */
json_t *json_plain_parse(const uint8_t *bytes, size_t n, size_t *twice_at);

#endif
