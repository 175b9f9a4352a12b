#include "limits.h"

#include <string.h>

struct limits limits_default(void)
{
	return (struct limits){
#define X(name, value, unit, meaning, most) .name = (value),
		LIMIT_TABLE(X)
#undef X
	};
}

void limits_fit(struct limits *l)
{
#define X(name, held) \
	if (l->name == 0) \
		l->name = (held);
	LIMIT_HELD_TABLE(X)
#undef X
}

uint64_t limits_held(const char *name)
{
#define X(limit, held) \
	if (strcmp(name, #limit) == 0) \
		return held;
	LIMIT_HELD_TABLE(X)
#undef X
	return 0;
}
