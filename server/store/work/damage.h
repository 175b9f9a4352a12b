/*
 * What is known to be damaged in the stored data. A read that meets damage notes it here and is refused; the writer refuses what would change a room whose
 * log is damaged, and the probe of /readyz tells that there is damage. It is known until the process ends, or until a verification that
 * began after the last find has found nothing, or until the database has another history.
 *
 * Any thread. Each place is logged once, the first DAMAGE_PLACES_MAX of them.
 */
#ifndef PARLEY_STORE_WORK_DAMAGE_H
#define PARLEY_STORE_WORK_DAMAGE_H

#include "base/metrics.h"
#include "codec/uid.h"

#include <stdbool.h>

enum { DAMAGE_PLACES_MAX = 100 };

struct damage;

struct damage_place {
	uint64_t room_no;          /* whose log it is; 0: no room's */
	struct uid room;           /* its id */
	uint64_t from_seq, to_seq; /* 0: not known */
	const char *what;          /* for the log */
};

/* file: the path for the log, copied. */
struct damage *damage_new(struct metrics *m, const char *file);
void damage_destroy(struct damage *d); /* accepts NULL */

void damage_note(struct damage *d, const struct damage_place *place);
/* Costs nothing while there is no damage. */
bool damage_has_room(struct damage *d, uint64_t room_no);
/* How often damage was met since the process began. */
uint64_t damage_n_met(const struct damage *d);
bool damage_is_known(const struct damage *d);
/* Nothing is damaged after all, unless some was met since damage_n_met() was n_met. */
void damage_forget(struct damage *d, uint64_t n_met);
/* Another history: its rooms are others, and no damage of it is known. */
void damage_begin_epoch(struct damage *d);

#endif
