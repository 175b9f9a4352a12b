#include "store/store_state.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static void tell(void (*told)(void *arg), void *arg)
{
	if (told)
		told(arg);
}

void store_set_away(struct store *s, const char *why, uint32_t retry_ms)
{
	bool is_new = !s->is_away;
	s->is_away = true;
	s->away_retry_ms = retry_ms;
	snprintf(s->away_why, sizeof(s->away_why), "%s", why);
	if (!is_new)
		return;
	s->away_since_ms = clock_mono_ms();
	LOG_WARN("store.away", LOG_S("why", s->away_why),
		 LOG_S("what", "the database is away: what needs it is refused as unavailable until it is back"));
	tell(s->watcher.away, s->watcher.arg);
}

void store_set_back(struct store *s)
{
	if (!s->is_away)
		return;
	s->is_away = false;
	s->away_why[0] = '\0';
	s->away_retry_ms = 0;
	LOG_INFO("store.back", LOG_U("away_ms", clock_mono_ms() - s->away_since_ms), LOG_S("what", "the database answers again"));
	tell(s->watcher.away, s->watcher.arg);
}

void store_set_epoch(struct store *s, const char epoch[STORE_EPOCH_BYTES + 1], bool has_owner)
{
	if (memcmp(s->epoch, epoch, STORE_EPOCH_BYTES) == 0)
		return;
	LOG_WARN("store.restored", LOG_S("epoch_before", s->epoch), LOG_S("epoch", epoch),
		 LOG_S("what", "the database went back to an earlier state: every client begins anew"));
	memcpy(s->epoch, epoch, STORE_EPOCH_BYTES);
	s->has_owner = has_owner;
	tell(s->watcher.restored, s->watcher.arg);
}
