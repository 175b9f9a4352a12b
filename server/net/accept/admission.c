#include "net/accept/admission.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

struct admission_address {
	size_t n;
};

void admission_init(struct admission *a, size_t n_max, size_t address_max)
{
	*a = (struct admission){.n_max = n_max, .address_max = address_max};
}

void admission_finish(struct admission *a)
{
	size_t at = 0;
	void *entry;

	while ((entry = id_map_next(&a->addresses, &at)) != NULL)
		free(entry);
	id_map_finish(&a->addresses);
}

bool admission_has_room(const struct admission *a)
{
	return a->n_max == 0 || a->n < a->n_max;
}

bool admission_has_room_for(const struct admission *a, const uint8_t key[16])
{
	uint8_t hashed[16];

	if (a->address_max == 0)
		return true;
	id_map_key_of(key, 16, hashed);
	const struct admission_address *entry = id_map_get(&a->addresses, hashed);
	return entry == NULL || entry->n < a->address_max;
}

void admission_enter(struct admission *a)
{
	a->n++;
}

void admission_leave(struct admission *a)
{
	assert(a->n > 0);
	a->n--;
}

bool admission_enter_address(struct admission *a, const uint8_t key[16])
{
	uint8_t hashed[16];

	id_map_key_of(key, 16, hashed);
	struct admission_address *entry = id_map_get(&a->addresses, hashed);
	if (entry == NULL) {
		entry = mem_new(struct admission_address);
		id_map_put(&a->addresses, hashed, entry);
	}
	if (entry->n >= a->address_max)
		return false; /* this is no new entry, because address_max is at least 1 */
	entry->n++;
	return true;
}

void admission_leave_address(struct admission *a, const uint8_t key[16])
{
	uint8_t hashed[16];

	id_map_key_of(key, 16, hashed);
	struct admission_address *entry = id_map_get(&a->addresses, hashed);
	assert(entry != NULL && entry->n > 0);
	if (--entry->n == 0)
		free(id_map_remove(&a->addresses, hashed));
}
