#include "json_schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
	const json_t *set;
	struct schema_fault *fault;
	char path[128];
};

static bool check_value(struct check *c, const json_t *schema, const json_t *value);

static bool fail(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(struct check *c, const char *format, ...)
{
	int n = snprintf(c->fault->message, sizeof(c->fault->message), "%s: ", c->path);
	va_list args;

	va_start(args, format);
	vsnprintf(c->fault->message + n, sizeof(c->fault->message) - (size_t)n, format, args);
	va_end(args);
	return false;
}

/* Checks a member or item under a longer path. */
static bool check_below(struct check *c, const char *step, const json_t *schema, const json_t *value)
{
	size_t n = strlen(c->path);

	snprintf(c->path + n, sizeof(c->path) - n, ".%.40s", step);
	bool ok = check_value(c, schema, value);
	c->path[n] = '\0';
	return ok;
}

static bool is_type(const json_t *value, const char *type)
{
	return strcmp(type, "object") == 0    ? json_is_object(value)
	       : strcmp(type, "array") == 0   ? json_is_array(value)
	       : strcmp(type, "string") == 0  ? json_is_string(value)
	       : strcmp(type, "integer") == 0 ? json_is_integer(value)
	       : strcmp(type, "number") == 0  ? json_is_number(value)
	       : strcmp(type, "boolean") == 0 ? json_is_boolean(value)
	       : strcmp(type, "null") == 0    ? json_is_null(value)
					      : false;
}

static bool rule_type(struct check *c, const json_t *rule, const json_t *value)
{
	return is_type(value, json_string_value(rule)) || fail(c, "is not of type %s", json_string_value(rule));
}

static bool rule_const(struct check *c, const json_t *rule, const json_t *value)
{
	return json_equal(rule, value) || fail(c, "is not the constant");
}

static bool rule_enum(struct check *c, const json_t *rule, const json_t *value)
{
	const json_t *choice;
	size_t i;

	json_array_foreach(rule, i, choice) {
		if (json_equal(choice, value))
			return true;
	}
	return fail(c, "is none of the choices");
}

static bool rule_pattern(struct check *c, const json_t *rule, const json_t *value)
{
	regex_t regex;

	if (!json_is_string(value))
		return true;
	if (regcomp(&regex, json_string_value(rule), REG_EXTENDED | REG_NOSUB) != 0)
		return fail(c, "has an unreadable pattern");
	bool matches = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
	regfree(&regex);
	return matches || fail(c, "does not match the pattern");
}

static bool rule_minimum(struct check *c, const json_t *rule, const json_t *value)
{
	return !json_is_number(value) || json_number_value(value) >= json_number_value(rule) || fail(c, "is too small");
}

static bool rule_maximum(struct check *c, const json_t *rule, const json_t *value)
{
	return !json_is_number(value) || json_number_value(value) <= json_number_value(rule) || fail(c, "is too large");
}

/* JSON Schema counts characters. */
static json_int_t length_of(const json_t *text)
{
	json_int_t n = 0;

	for (const char *s = json_string_value(text); *s != '\0'; s++)
		n += (*s & 0xC0) != 0x80;
	return n;
}

static bool rule_min_length(struct check *c, const json_t *rule, const json_t *value)
{
	return !json_is_string(value) || length_of(value) >= json_integer_value(rule) || fail(c, "is too short");
}

static bool rule_max_length(struct check *c, const json_t *rule, const json_t *value)
{
	return !json_is_string(value) || length_of(value) <= json_integer_value(rule) || fail(c, "is too long");
}

static bool rule_required(struct check *c, const json_t *rule, const json_t *value)
{
	const json_t *name;
	size_t i;

	json_array_foreach(rule, i, name) {
		if (json_is_object(value) && json_object_get(value, json_string_value(name)) == NULL)
			return fail(c, "has no %s", json_string_value(name));
	}
	return true;
}

static bool rule_properties(struct check *c, const json_t *rule, const json_t *value)
{
	const char *name;
	json_t *schema;

	json_object_foreach((json_t *)rule, name, schema) {
		const json_t *member = json_object_get(value, name);

		if (member != NULL && !check_below(c, name, schema, member))
			return false;
	}
	return true;
}

/* Only used where there are no `properties` beside it: it speaks of every member. */
static bool rule_additional(struct check *c, const json_t *rule, const json_t *value)
{
	const char *name;
	json_t *member;

	json_object_foreach((json_t *)value, name, member) {
		if (!check_below(c, name, rule, member))
			return false;
	}
	return true;
}

static bool rule_items(struct check *c, const json_t *rule, const json_t *value)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return true;
	json_array_foreach(value, i, item) {
		char step[24];

		snprintf(step, sizeof(step), "%zu", i);
		if (!check_below(c, step, rule, item))
			return false;
	}
	return true;
}

static bool rule_any_of(struct check *c, const json_t *rule, const json_t *value)
{
	const json_t *schema;
	size_t i;

	json_array_foreach(rule, i, schema) {
		if (check_value(c, schema, value))
			return true;
	}
	return fail(c, "satisfies none of the alternatives");
}

static bool rule_ref(struct check *c, const json_t *rule, const json_t *value)
{
	const json_t *schema = json_object_get(c->set, json_string_value(rule));

	return schema != NULL ? check_value(c, schema, value) : fail(c, "$ref to unknown %s", json_string_value(rule));
}

static bool rule_note(struct check *c, const json_t *rule, const json_t *value)
{
	(void)value;
	return json_is_string(rule) || fail(c, "has a note that is no string");
}

/* How a keyword's own value holds further schemas. */
enum holds { HOLDS_NONE, HOLDS_SCHEMA, HOLDS_LIST, HOLDS_MEMBERS };

static const struct keyword {
	const char *name;
	bool (*rule)(struct check *c, const json_t *rule, const json_t *value);
	enum holds holds;
} keywords[] = {
	{"$schema", rule_note, HOLDS_NONE},
	{"$id", rule_note, HOLDS_NONE},
	{"title", rule_note, HOLDS_NONE},
	{"description", rule_note, HOLDS_NONE},
	{"$ref", rule_ref, HOLDS_NONE},
	{"type", rule_type, HOLDS_NONE},
	{"const", rule_const, HOLDS_NONE},
	{"enum", rule_enum, HOLDS_NONE},
	{"pattern", rule_pattern, HOLDS_NONE},
	{"minimum", rule_minimum, HOLDS_NONE},
	{"maximum", rule_maximum, HOLDS_NONE},
	{"minLength", rule_min_length, HOLDS_NONE},
	{"maxLength", rule_max_length, HOLDS_NONE},
	{"required", rule_required, HOLDS_NONE},
	{"properties", rule_properties, HOLDS_MEMBERS},
	{"additionalProperties", rule_additional, HOLDS_SCHEMA},
	{"items", rule_items, HOLDS_SCHEMA},
	{"anyOf", rule_any_of, HOLDS_LIST},
};

static const struct keyword *keyword_named(const char *name)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(keywords[i].name, name) == 0)
			return &keywords[i];
	return NULL;
}

static bool check_value(struct check *c, const json_t *schema, const json_t *value)
{
	const char *name;
	json_t *rule;

	json_object_foreach((json_t *)schema, name, rule) {
		const struct keyword *keyword = keyword_named(name);

		if (keyword == NULL)
			return fail(c, "unknown keyword %s", name);
		if (!keyword->rule(c, rule, value))
			return false;
	}
	return true;
}

bool json_schema_check(const json_t *set, const char *name, const json_t *value, struct schema_fault *fault)
{
	struct check c = {.set = set, .fault = fault};
	const json_t *schema = json_object_get(set, name);

	snprintf(c.path, sizeof(c.path), "%s", name);
	return schema != NULL ? check_value(&c, schema, value) : fail(&c, "there is no such schema");
}

static bool sane(struct check *c, const json_t *schema);

static bool sane_below(struct check *c, enum holds holds, const json_t *rule)
{
	const char *name;
	json_t *schema;
	size_t i;

	if (holds == HOLDS_SCHEMA)
		return sane(c, rule);
	if (holds == HOLDS_LIST)
		json_array_foreach(rule, i, schema) {
			if (!sane(c, schema))
				return false;
		}
	if (holds == HOLDS_MEMBERS)
		json_object_foreach((json_t *)rule, name, schema) {
			if (!sane(c, schema))
				return false;
		}
	return true;
}

static bool sane(struct check *c, const json_t *schema)
{
	const char *name;
	json_t *rule;

	if (!json_is_object(schema))
		return fail(c, "a schema is not an object");
	json_object_foreach((json_t *)schema, name, rule) {
		const struct keyword *keyword = keyword_named(name);

		if (keyword == NULL)
			return fail(c, "unknown keyword %s", name);
		if (strcmp(name, "$ref") == 0 && json_object_get(c->set, json_string_value(rule)) == NULL)
			return fail(c, "$ref to unknown %s", json_string_value(rule));
		if (!sane_below(c, keyword->holds, rule))
			return false;
	}
	return json_object_get(schema, "additionalProperties") == NULL || json_object_get(schema, "properties") == NULL ||
	       fail(c, "additionalProperties beside properties is not understood");
}

bool json_schema_sane(const json_t *set, const json_t *schema, struct schema_fault *fault)
{
	struct check c = {.set = set, .fault = fault};
	const json_t *id = json_object_get(schema, "$id");

	snprintf(c.path, sizeof(c.path), "%s", id != NULL ? json_string_value(id) : "schema");
	return sane(&c, schema);
}
