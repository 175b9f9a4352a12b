/*
 * A JSON Schema checker (2020-12) for the few keywords that protocol/schema/ uses, for tests. A keyword it does not know is a
 * failure, so that no rule is silently passed over. A $ref names another file of the set; annotations (title, description) are
 * skipped.
 */
#ifndef PARLEY_TESTS_JSON_SCHEMA_H
#define PARLEY_TESTS_JSON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

struct schema_fault {
	char message[256];
};

/* `set` is an object of schemas by file name. Whether `value` satisfies schema `name`; if not, *fault says why. */
bool json_schema_check(const json_t *set, const char *name, const json_t *value, struct schema_fault *fault);

/* Whether a schema is made of known keywords, and its references lead somewhere. */
bool json_schema_sane(const json_t *set, const json_t *schema, struct schema_fault *fault);

#endif
