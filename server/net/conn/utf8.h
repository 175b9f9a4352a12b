/* Checks that bytes are UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing past U+10FFFF). Pure. */
#ifndef PARLEY_NET_CONN_UTF8_H
#define PARLEY_NET_CONN_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_valid(const uint8_t *bytes, size_t n);

#endif
