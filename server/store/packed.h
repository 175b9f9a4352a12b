/* Numbers in packed bytes, little-endian: events and notices as one instance passes them to another. Pure. */
#ifndef PARLEY_STORE_PACKED_H
#define PARLEY_STORE_PACKED_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void packed_put_u32(uint8_t *at, uint32_t v)
{
	v = htole32(v);
	memcpy(at, &v, sizeof(v));
}

static inline void packed_put_u64(uint8_t *at, uint64_t v)
{
	v = htole64(v);
	memcpy(at, &v, sizeof(v));
}

static inline uint32_t packed_u32(const uint8_t *at)
{
	uint32_t v;
	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

static inline uint64_t packed_u64(const uint8_t *at)
{
	uint64_t v;
	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

#endif
