/*
 * The names of channels in Redis: parley:EPOCH:NUMBER. Epochs keep databases apart that use one Redis. The names have no hash tag: a Cluster spreads them.
 *
 * Pure.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_CHANNEL_H
#define PARLEY_BUS_REDIS_REDIS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REDIS_EPOCH_BYTES = 32, REDIS_CHANNEL_BYTES = 64 };

struct redis_channel {
	char name[REDIS_CHANNEL_BYTES];
	size_t n;
};

void redis_channel_name(const char *epoch, uint64_t number, struct redis_channel *out);
/* Returns false for a name of another epoch or another form. */
bool redis_channel_number(const char *epoch, const char *name, size_t n, uint64_t *out);

#endif
