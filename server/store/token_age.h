/* How old a session token may get without being used. Days, since a token's last use is noted at most once a day. */
#ifndef PARLEY_STORE_TOKEN_AGE_H
#define PARLEY_STORE_TOKEN_AGE_H

#include <stdint.h>

enum { TOKEN_AGE_DAYS_MAX = 90 };

static inline int64_t token_age_day(int64_t wall_ms)
{
	return wall_ms / (24 * 60 * 60 * (int64_t)1000);
}

#endif
