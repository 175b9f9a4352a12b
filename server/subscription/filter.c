#include "subscription/filter.h"

#include "codec/events.h"
#include "codec/request_fault.h"
#include "store/person.h"
#include "store/server_events.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum event_type type;
	const char *name;
} events[] = {
#define X(symbol, number, name) {symbol, name},
	EVENT_TABLE(X)
#undef X
};

/* So many bytes of a name are repeated in a fault: no letter is cut. */
static int shown_bytes(const char *name)
{
	enum { MOST = 40 };
	size_t n = strlen(name);
	if (n > MOST)
		for (n = MOST; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80; n--)
			;
	return (int)n;
}

static bool add_type(struct filter *f, const char *pattern, char fault[FILTER_FAULT_BYTES])
{
	size_t n = strlen(pattern);
	bool is_prefix = n > 0 && pattern[n - 1] == '*', found = false;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		bool fits = is_prefix ? strncmp(events[i].name, pattern, n - 1) == 0 : strcmp(events[i].name, pattern) == 0;
		if (!fits || events[i].type >= EVENT_NOTICE)
			continue; /* what is not remembered is in no log */
		f->types[events[i].type / 64] |= UINT64_C(1) << events[i].type % 64;
		found = true;
	}
	if (!found)
		snprintf(fault, FILTER_FAULT_BYTES, "data.filter: types: no event that is remembered is called %.*s", shown_bytes(pattern),
			 pattern);
	return found;
}

static bool add_author(struct filter *f, const char *name, char fault[FILTER_FAULT_BYTES])
{
	for (unsigned kind = USER_PERSON; kind <= USER_HOOK; kind++)
		if (strcmp(person_kind((enum user_kind)kind), name) == 0) {
			f->authors |= 1u << kind;
			return true;
		}
	snprintf(fault, FILTER_FAULT_BYTES, "data.filter: authors: must be person, bot, guest or hook");
	return false;
}

static bool add_room(struct filter *f, const char *id, char fault[FILTER_FAULT_BYTES])
{
	bool good = f->n_rooms < FILTER_ROOMS_MAX && uid_parse(id, strlen(id), &f->rooms[f->n_rooms]);
	if (!good)
		snprintf(fault, FILTER_FAULT_BYTES, "data.filter: rooms: must be ids, %d at most", FILTER_ROOMS_MAX);
	f->n_rooms += good;
	return good;
}

static bool read_server(struct filter *f, const json_t *value, char fault[FILTER_FAULT_BYTES])
{
	if (!json_is_boolean(value))
		snprintf(fault, FILTER_FAULT_BYTES, "data.filter: server: must be true or false");
	f->server = json_is_true(value);
	return json_is_boolean(value);
}

static const struct {
	const char *name;
	bool (*add)(struct filter *f, const char *value, char fault[FILTER_FAULT_BYTES]);
} members[] = {{"types", add_type}, {"rooms", add_room}, {"authors", add_author}};

/* An array of one text or more. */
static bool read_member(struct filter *f, const char *name, const json_t *value, char fault[FILTER_FAULT_BYTES])
{
	size_t at = 0, n = json_array_size(value);
	if (strcmp(name, "server") == 0)
		return read_server(f, value, fault);
	while (at < sizeof(members) / sizeof(members[0]) && strcmp(members[at].name, name) != 0)
		at++;
	if (at == sizeof(members) / sizeof(members[0])) {
		snprintf(fault, FILTER_FAULT_BYTES, "data.filter: there is no %.*s; types, rooms, authors and server are known",
			 shown_bytes(name), name);
		return false;
	}
	bool good = n > 0;
	for (size_t i = 0; i < n && good; i++) {
		const char *text = json_string_value(json_array_get(value, i));
		good = text != NULL;
		if (good && !members[at].add(f, text, fault))
			return false;
	}
	if (!good)
		snprintf(fault, FILTER_FAULT_BYTES, "data.filter: %s: must be an array of strings, with one at least", name);
	return good;
}

bool filter_read(struct filter *out, const json_t *json, char fault[FILTER_FAULT_BYTES])
{
	const char *name;
	json_t *value;
	*out = (struct filter){0};
	if (json && !json_is_object(json)) {
		snprintf(fault, FILTER_FAULT_BYTES, "data.filter: must be an object");
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)json, name, value)
		if (!read_member(out, name, value, fault)) {
			request_fault_quote(fault, FILTER_FAULT_BYTES, fault, strlen(fault)); /* it may quote a part of a letter */
			return false;
		}
	if (!json_object_get(json, "types"))
		memset(out->types, 0xff, sizeof(out->types));
	return true;
}

bool filter_parse(struct filter *out, const char *text)
{
	char fault[FILTER_FAULT_BYTES];
	json_auto_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	return json && filter_read(out, json, fault);
}

/* Who did it: the author of a message, else who is said to have done it, else whom it is about. */
static const char *author_kind(const json_t *event)
{
	static const char *const by[] = {"author", "by", "user"};
	const json_t *data = json_object_get(event, "data");
	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		const char *kind = json_string_value(json_object_get(json_object_get(data, by[i]), "kind"));
		if (kind)
			return kind;
	}
	return NULL;
}

static bool takes_author(const struct filter *f, const struct event *e)
{
	char fault[FILTER_FAULT_BYTES];
	size_t n;
	const uint8_t *bytes = event_json(e, &n);
	json_auto_t *json = json_loadb((const char *)bytes, n, 0, NULL);
	const char *kind = author_kind(json);
	struct filter only = {0};
	return kind && add_author(&only, kind, fault) && (only.authors & f->authors) != 0;
}

bool filter_takes(const struct filter *f, const struct event *e)
{
	bool is_of_server = e->room_no == SERVER_EVENTS_ROOM_NO, takes_room = is_of_server ? f->server : f->n_rooms == 0;
	if (!(f->types[e->type / 64 % 2] >> e->type % 64 & 1))
		return false;
	for (size_t i = 0; i < f->n_rooms && !takes_room && !is_of_server; i++)
		takes_room = uid_equal(&f->rooms[i], &e->room);
	return takes_room && (f->authors == 0 || takes_author(f, e));
}
