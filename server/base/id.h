/* Fresh random identifiers (libuuid, RFC 9562 version 4). Callable from any thread. */
#ifndef PARLEY_BASE_ID_H
#define PARLEY_BASE_ID_H

#include <stdint.h>

void id_random(uint8_t out[16]);

#endif
