/*
 * Limits the number of connections, in all and per address. Embedded by the server. Not thread-safe.
 */
#ifndef PARLEY_NET_ACCEPT_ADMISSION_H
#define PARLEY_NET_ACCEPT_ADMISSION_H

#include "base/id_map.h"
#include "net/accept/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admission {
	size_t n, n_max;         /* connections; n_max 0: no limit */
	size_t address_max;      /* connections of one address, 0: no limit (then nothing is counted per address) */
	struct id_map addresses; /* struct admission_address */
};

void admission_init(struct admission *a, size_t n_max, size_t address_max);
void admission_finish(struct admission *a);
/* Returns whether one more connection has room. The listener asks before it allocates anything for the connection. */
bool admission_has_room(const struct admission *a);
bool admission_has_room_for(const struct admission *a, const uint8_t key[16]);
void admission_enter(struct admission *a);
void admission_leave(struct admission *a);
/* Counts one more connection of this address, and later of the client that is found behind a proxy. Returns false, and counts nothing, when the
 * address has too many. Counts only when address_max is set. */
bool admission_enter_address(struct admission *a, const uint8_t key[16]);
void admission_leave_address(struct admission *a, const uint8_t key[16]);

#endif
