/*
 * How old a session token may get without being used, and when one that is too old is deleted. Days, since a token's last use is noted at most
 * once a day.
 *
 * A token is refused when the clock says that it was not used for TOKEN_AGE_DAYS_MAX; that a right clock undoes. Deleting is for good, so the
 * clock alone is not believed for it. The server asks on some day which tokens were not used for twice as long, then runs for
 * TOKEN_AGE_WATCHED_MS, by a clock that nobody sets, and deletes only what was too old on the day it asked. A clock that is set back before
 * that day meanwhile had been wrong: the question is asked anew. How long the server ran is kept across restarts.
 */
#ifndef PARLEY_STORE_WORK_TOKEN_AGE_H
#define PARLEY_STORE_WORK_TOKEN_AGE_H

#include "store/db.h"
#include "store/store.h"

#include <stdint.h>

enum { TOKEN_AGE_DAYS_MAX = STORE_TOKEN_DAYS };
static const uint64_t TOKEN_AGE_WATCHED_MS = (uint64_t)30 * 24 * 60 * 60 * 1000;

static inline int64_t token_age_day(int64_t wall_ms)
{
	return wall_ms / (24 * 60 * 60 * (int64_t)1000);
}

/* Whose token was used. */
enum touch_of { TOUCH_TOKEN, TOUCH_HOOK };

struct token_age {
	int64_t asked_day;   /* 0: not asked yet */
	uint64_t watched_ms; /* how long the server ran since */
	uint64_t looked_ms;  /* on the monotonic clock */
	uint64_t kept_ms;    /* of watched_ms, what the database has */
};

/* What the database has of it. Returns a db_result. */
int token_age_load(struct token_age *t, struct db *db);
/* Within each transaction of the writer: deletes a few of those that are to be deleted now, and keeps what has to be kept. What it changes in t
 * counts once the transaction is committed. Returns a db_result. */
int token_age_tidy(struct token_age *t, struct db *db);
/* They cannot be read: nothing is deleted before the server ran for as long once more. */
void token_age_put_off(struct token_age *t);

#endif
