/*
 * The sources of options, and the way of a value from a source into the config. Internal to config*.c.
 */
#ifndef PARLEY_APP_CONFIG_SOURCE_H
#define PARLEY_APP_CONFIG_SOURCE_H

#include "app/config_table.h"

/* In the order of their weight. */
enum config_source { CONFIG_SOURCE_NONE, CONFIG_SOURCE_DEFAULT, CONFIG_SOURCE_FILE, CONFIG_SOURCE_ENVIRONMENT, CONFIG_SOURCE_FLAG };

struct config_parser {
	struct config *config;
	enum config_source *given_by; /* per option of the table, the source that set it last */
	char *fault;                  /* CONFIG_FAULT_BYTES */
};

/* Sets an option. `where` names it as its source spells it. Returns false with fault filled. */
bool config_source_apply(struct config_parser *p, const struct config_option *o, enum config_source source, const char *where,
			 const char *text);
enum config_source config_source_of(const struct config_parser *p, const struct config_option *o);

/* Applies all lines of the file. Returns false with fault filled. */
bool config_file_apply(struct config_parser *p, const char *file);

/* Checks that no two options contradict each other. Lowers a default that does not fit a given option. Returns false, with both named in fault, when a
 * given option does not fit. */
bool config_together_check(struct config_parser *p);

#endif
