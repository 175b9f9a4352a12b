#include "limits.h"

struct limits limits_default(void)
{
	return (struct limits){
#define X(name, value, unit, meaning, most) .name = (value),
		LIMIT_TABLE(X)
#undef X
	};
}
