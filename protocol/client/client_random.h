/*
 * Randomness for masks, handshake keys, client_ids and jitter, from the kernel. Any thread; cannot fail (the process ends).
 */
#ifndef PARLEY_CLIENT_RANDOM_H
#define PARLEY_CLIENT_RANDOM_H

#include "codec/uid.h"

#include <stddef.h>

/* Fills n bytes. */
void client_random_bytes(void *out, size_t n);
/* A fresh random UUID (RFC 9562, version 4). */
struct uid client_random_uid(void);
/* A number from 0 to below - 1. */
uint32_t client_random_below(uint32_t below);

#endif
