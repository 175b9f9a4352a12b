#include "base/id.h"

#include <string.h>
#include <uuid/uuid.h>

void id_random(uint8_t out[16])
{
	uuid_t id;
	uuid_generate_random(id);
	memcpy(out, id, sizeof(id));
}
