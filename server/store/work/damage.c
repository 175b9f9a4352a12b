#include "store/work/damage.h"

#include "base/log.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct known_place {
	uint64_t room_no, from_seq;
};

struct damage {
	struct metrics *metrics;
	char *file;
	pthread_mutex_t mutex;
	uint64_t *rooms; /* with the mutex, as what follows */
	size_t n_allocated;
	struct known_place places[DAMAGE_PLACES_MAX];
	size_t n_places;
	_Atomic size_t n_rooms; /* changed with the mutex */
	_Atomic uint64_t n_met;
	_Atomic bool known;
};

struct damage *damage_new(struct metrics *m, const char *file)
{
	struct damage *d = mem_new(struct damage);
	d->metrics = m;
	d->file = mem_strndup(file, strlen(file));
	pthread_mutex_init(&d->mutex, NULL);
	return d;
}

void damage_destroy(struct damage *d)
{
	if (!d)
		return;
	metric_change(&d->metrics->damaged_rooms, -(int64_t)d->n_rooms);
	pthread_mutex_destroy(&d->mutex);
	free(d->rooms);
	free(d->file);
	free(d);
}

static bool is_listed(const struct damage *d, uint64_t room_no)
{
	for (size_t i = 0; i < d->n_rooms; i++)
		if (d->rooms[i] == room_no)
			return true;
	return false;
}

static void list_room(struct damage *d, uint64_t room_no)
{
	if (room_no == 0 || is_listed(d, room_no))
		return;
	if (d->n_rooms == d->n_allocated) {
		d->n_allocated = d->n_allocated ? d->n_allocated * 2 : 8;
		d->rooms = mem_realloc(d->rooms, d->n_allocated * sizeof d->rooms[0]);
	}
	d->rooms[d->n_rooms++] = room_no;
	metric_change(&d->metrics->damaged_rooms, 1);
}

/* Whether the place is new, and is to be logged. */
static bool list_place(struct damage *d, const struct damage_place *place)
{
	for (size_t i = 0; i < d->n_places; i++)
		if (d->places[i].room_no == place->room_no && d->places[i].from_seq == place->from_seq)
			return false;
	if (d->n_places == DAMAGE_PLACES_MAX)
		return false;
	d->places[d->n_places++] = (struct known_place){place->room_no, place->from_seq};
	return true;
}

void damage_note(struct damage *d, const struct damage_place *place)
{
	metric_add(&d->metrics->damaged_reads_total, 1);
	pthread_mutex_lock(&d->mutex);
	d->n_met++;
	d->known = true;
	list_room(d, place->room_no);
	bool is_new = list_place(d, place);
	pthread_mutex_unlock(&d->mutex);
	if (!is_new)
		return;
	char room[UID_TEXT_BYTES + 1] = "";
	if (place->room_no != 0)
		uid_format(&place->room, room);
	LOG_ERROR("store.damaged", LOG_S("file", d->file), LOG_S("room", room), LOG_U("room_no", place->room_no),
		  LOG_U("from_seq", place->from_seq), LOG_U("to_seq", place->to_seq), LOG_S("what", place->what),
		  LOG_S("consequence", place->room_no != 0 ? "what cannot be read is refused, and nothing is written to this room"
							   : "what cannot be read is refused"));
}

bool damage_has_room(struct damage *d, uint64_t room_no)
{
	if (d->n_rooms == 0)
		return false;
	pthread_mutex_lock(&d->mutex);
	bool listed = is_listed(d, room_no);
	pthread_mutex_unlock(&d->mutex);
	return listed;
}

uint64_t damage_n_met(const struct damage *d)
{
	return d->n_met;
}

bool damage_is_known(const struct damage *d)
{
	return d->known;
}

/* With the mutex. */
static void forget_all(struct damage *d)
{
	metric_change(&d->metrics->damaged_rooms, -(int64_t)d->n_rooms);
	d->n_rooms = d->n_places = 0;
	d->known = false;
}

void damage_forget(struct damage *d, uint64_t n_met)
{
	pthread_mutex_lock(&d->mutex);
	if (d->known && d->n_met == n_met) {
		LOG_INFO("store.undamaged", LOG_S("file", d->file), LOG_S("what", "a verification found nothing wrong"));
		forget_all(d);
	}
	pthread_mutex_unlock(&d->mutex);
}

void damage_begin_epoch(struct damage *d)
{
	pthread_mutex_lock(&d->mutex);
	forget_all(d);
	pthread_mutex_unlock(&d->mutex);
}
