#include "request_fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const struct field *field;
	const struct limits *limits;
	json_t *value;
	void *at;       /* where the value goes */
	void *beside;   /* NULL: nowhere */
	size_t item_no; /* of a list, from 1; 0: the whole member */
	struct request_fault *fault;
};

static uint64_t field_max(const struct walk *w)
{
	uint64_t limit = 0;

	if (w->field->limit_name != NULL)
		memcpy(&limit, (const char *)w->limits + w->field->limit_offset, sizeof(limit));
	return limit > 0 ? limit : w->field->max;
}

/* What is wrong with the member, or with one value of a list. */
static bool refuse_as(const struct walk *w, enum wire_error code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool refuse_as(const struct walk *w, enum wire_error code, const char *format, ...)
{
	char what[sizeof(w->fault->message)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (w->item_no > 0)
		return request_fault_of(w->fault, code, w->field->name, "data.%s[%zu]%s", w->field->name, w->item_no - 1, what);
	return request_fault_of(w->fault, code, w->field->name, "data.%s%s", w->field->name, what);
}

static bool refuse(const struct walk *w, const char *what)
{
	return refuse_as(w, WIRE_INVALID_REQUEST, ": %s", what);
}

/* `limit_name` is told where an operator can change it. */
static bool refuse_size(const struct walk *w, uint64_t n, uint64_t most, const char *unit)
{
	const char *limit_name = w->field->limit_name;

	if (limit_name != NULL)
		return refuse_as(w, WIRE_TOO_LARGE, ": %" PRIu64 " %s; the limit (%s) is %" PRIu64, n, unit, limit_name, most);
	return refuse_as(w, WIRE_TOO_LARGE, ": %" PRIu64 " %s; the limit is %" PRIu64, n, unit, most);
}

static bool refuse_empty(const struct walk *w)
{
	if (w->field->people_say == NULL)
		return refuse(w, "must not be empty");
	return request_fault_of(w->fault, WIRE_INVALID_REQUEST, w->field->name, "%s must not be empty", w->field->people_say);
}

static bool refuse_long(const struct walk *w, size_t n, uint64_t most)
{
	if (w->field->people_say == NULL)
		return refuse_size(w, n, most, "bytes");
	return request_fault_too_long(w->fault, w->field->name, w->field->people_say, n, most);
}

static bool walk_text(const struct walk *w, struct text *text)
{
	uint64_t most = field_max(w);

	if (!json_is_string(w->value))
		return refuse(w, "must be a string");
	*text = (struct text){json_string_value(w->value), json_string_length(w->value)};
	if (text->n == 0 && w->field->min > 0)
		return refuse_empty(w);
	if (most > 0 && text->n > most)
		return refuse_long(w, text->n, most);
	return true;
}

static bool walk_id(const struct walk *w, struct uid *id)
{
	if (!json_is_string(w->value))
		return refuse(w, "must be a string");
	if (!uid_parse(json_string_value(w->value), json_string_length(w->value), id))
		return refuse(w, "must be a UUID");
	return true;
}

static bool walk_room(const struct walk *w)
{
	struct room_ref *room = w->at;
	struct text text;

	if (!json_is_string(w->value))
		return refuse(w, "must be a string");
	text = (struct text){json_string_value(w->value), json_string_length(w->value)};
	room->given = true;
	room->is_id = uid_parse(text.s, text.n, &room->id);
	return room->is_id || walk_text(w, &room->name);
}

static bool walk_number(const struct walk *w, uint64_t *number)
{
	uint64_t most = field_max(w);

	if (!json_is_integer(w->value))
		return refuse(w, "must be an integer");
	json_int_t v = json_integer_value(w->value);
	if (v < 0 || (uint64_t)v < w->field->min || (uint64_t)v > most)
		return refuse_as(w, WIRE_INVALID_REQUEST, ": must be between %" PRIu64 " and %" PRIu64, w->field->min, most);
	*number = (uint64_t)v;
	return true;
}

static bool walk_choice(const struct walk *w)
{
	for (unsigned i = 0; i < w->field->n_choices && json_is_string(w->value); i++)
		if (strcmp(json_string_value(w->value), w->field->choices[i]) == 0) {
			memcpy(w->at, &i, sizeof(i));
			return true;
		}
	return refuse(w, w->field->choices_say);
}

static bool walk_any(const struct walk *w)
{
	uint64_t most = field_max(w);
	/* Without a buffer this only counts. */
	size_t n = json_dumpb(w->value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);

	if (most > 0 && n > most)
		return refuse_size(w, n, most, "bytes");
	*(json_t **)w->at = w->value;
	return true;
}

static int cursor_order(const void *a, const void *b)
{
	return memcmp(((const struct cursor *)a)->room.b, ((const struct cursor *)b)->room.b, sizeof(struct uid));
}

static bool read_cursor(const struct walk *w, const char *key, json_t *value, struct cursor *cursor)
{
	char quoted[UID_TEXT_BYTES + 1];

	request_fault_quote(quoted, sizeof(quoted), key, strlen(key));
	if (!uid_parse(key, strlen(key), &cursor->room))
		return refuse_as(w, WIRE_INVALID_REQUEST, ": \"%s\" is not a room's id", quoted);
	if (!json_is_integer(value))
		return refuse_as(w, WIRE_INVALID_REQUEST, ".%s: must be an integer", quoted);
	json_int_t seq = json_integer_value(value);
	if (seq < 0 || (uint64_t)seq > FIELD_SEQ_MAX)
		return refuse_as(w, WIRE_INVALID_REQUEST, ".%s: must be between 0 and %" PRIu64, quoted, FIELD_SEQ_MAX);
	cursor->seq = (uint64_t)seq;
	return true;
}

static bool walk_cursors(const struct walk *w)
{
	uint64_t most = field_max(w);
	size_t n = json_object_size(w->value), i = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(w->value))
		return refuse(w, "must be an object");
	if (n > most)
		return refuse_size(w, n, most, "rooms");
	if (n == 0)
		return true;
	struct cursor *cursors = calloc(n, sizeof(*cursors));
	if (cursors == NULL)
		abort();
	*(struct cursor **)w->at = cursors; /* freed by request_fields_free(), also after a fault */
	*(size_t *)w->beside = n;
	json_object_foreach(w->value, key, value) {
		if (!read_cursor(w, key, value, &cursors[i++]))
			return false;
	}
	/* One id may be written in two cases, which the parser takes for two members. */
	qsort(cursors, n, sizeof(*cursors), cursor_order);
	for (i = 1; i < n; i++)
		if (uid_equal(&cursors[i - 1].room, &cursors[i].room))
			return refuse(w, "names a room twice");
	return true;
}

static void set_fallback(const struct walk *w)
{
	uint64_t most = field_max(w);
	unsigned choice = (unsigned)w->field->fallback;

	if (w->field->kind == FIELD_NUMBER)
		*(uint64_t *)w->at = w->field->fallback < most ? w->field->fallback : most;
	else if (w->field->kind == FIELD_BOOL)
		*(bool *)w->at = w->field->fallback != 0;
	else if (w->field->kind == FIELD_CHOICE)
		memcpy(w->at, &choice, sizeof(choice));
}

static bool walk_list(const struct walk *w);

static bool walk_value(const struct walk *w)
{
	struct uid ignored;

	switch (w->field->kind) {
	case FIELD_TEXT:
		return walk_text(w, w->at);
	case FIELD_ID_TEXT:
		return walk_id(w, &ignored) && walk_text(w, w->at);
	case FIELD_ID:
		return walk_id(w, w->at);
	case FIELD_ROOM:
		return walk_room(w);
	case FIELD_NUMBER:
		return walk_number(w, w->at);
	case FIELD_BOOL:
		if (!json_is_boolean(w->value))
			return refuse(w, "must be true or false");
		*(bool *)w->at = json_is_true(w->value);
		return true;
	case FIELD_CHOICE:
		return walk_choice(w);
	case FIELD_ANY:
		return walk_any(w);
	case FIELD_CURSORS:
		return walk_cursors(w);
	case FIELD_LIST:
		return walk_list(w);
	}
	return false;
}

static bool holds_many(const struct field *f)
{
	return f->kind == FIELD_CURSORS || f->kind == FIELD_LIST;
}

static bool walk_list(const struct walk *w)
{
	uint64_t most = field_max(w);
	size_t n = json_array_size(w->value);

	if (!json_is_array(w->value))
		return refuse(w, "must be an array");
	if (n > most)
		return refuse_size(w, n, most, "values");
	char *items = calloc(n > 0 ? n : 1, w->field->item_bytes); /* an empty list is not an absent one */
	if (items == NULL)
		abort();
	*(void **)w->at = items; /* freed by request_fields_free(), also after a fault */
	*(size_t *)w->beside = n;
	for (size_t i = 0; i < n; i++) {
		struct walk one = *w;

		one.field = w->field->item;
		one.value = json_array_get(w->value, i);
		one.at = items + i * w->field->item_bytes;
		one.item_no = i + 1;
		if (!walk_value(&one))
			return false;
	}
	return true;
}

/* `given` has a bit for each field. The fault names the first of the rule's members that was given, where none was the first of all. */
static bool keeps_rule(const struct command_fields *fields, const struct field_rule *rule, uint64_t given, struct request_fault *fault)
{
	const char *name = NULL;
	size_t n = 0;

	for (size_t i = 0; i < rule->n_members; i++)
		if (given >> rule->members[i] & 1) {
			if (n++ == 0)
				name = fields->fields[rule->members[i]].name;
		}
	if (rule->most_one ? n <= 1 : n > 0)
		return true;
	if (name == NULL)
		name = fields->fields[rule->members[0]].name;
	return request_fault_of(fault, WIRE_INVALID_REQUEST, name, "data.%s: %s", name, rule->say);
}

bool request_fields_walk(const struct command_fields *fields, json_t *object, const struct limits *limits, void *into,
			 struct request_fault *fault)
{
	uint64_t given = 0;

	for (size_t i = 0; i < fields->n_fields; i++) {
		const struct field *f = &fields->fields[i];
		json_t *value = json_object_get(object, f->name);
		struct walk w = {
			.field = f,
			.limits = limits,
			.value = value,
			.at = (char *)into + f->offset,
			.beside = f->beside > 0 ? (char *)into + f->beside : NULL,
			.fault = fault,
		};

		if (value != NULL && !json_is_null(value)) {
			given |= UINT64_C(1) << i;
			if (w.beside != NULL && !holds_many(f))
				*(bool *)w.beside = true;
			if (!walk_value(&w))
				return false;
		} else if (f->required) {
			return refuse(&w, "required");
		} else {
			set_fallback(&w);
		}
	}
	for (size_t i = 0; i < fields->n_rules; i++)
		if (!keeps_rule(fields, &fields->rules[i], given, fault))
			return false;
	return true;
}

void request_fields_free(const struct command_fields *fields, void *from)
{
	for (size_t i = 0; fields->has_lists && i < fields->n_fields; i++)
		if (holds_many(&fields->fields[i]))
			free(*(void **)((char *)from + fields->fields[i].offset));
}
