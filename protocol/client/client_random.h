/*
 * Randomness for masks, handshake keys and jitter, from the kernel. Any thread. The process ends where the kernel has none.
 */
#ifndef PARLEY_CLIENT_RANDOM_H
#define PARLEY_CLIENT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills n bytes, 256 at most. */
void client_random_bytes(void *out, size_t n);
/* Returns a number from 0 to below - 1. */
uint32_t client_random_below(uint32_t below);

#endif
