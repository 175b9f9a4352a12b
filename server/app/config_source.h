/*
 * Where options come from, and how one value of one source gets into the config. Internal to config*.c.
 */
#ifndef PARLEY_APP_CONFIG_SOURCE_H
#define PARLEY_APP_CONFIG_SOURCE_H

#include "app/config_table.h"

/* By weight. */
enum config_source { CONFIG_SOURCE_NONE, CONFIG_SOURCE_DEFAULT, CONFIG_SOURCE_FILE, CONFIG_SOURCE_ENVIRONMENT, CONFIG_SOURCE_FLAG };

struct config_parser {
	struct config *config;
	enum config_source *given_by; /* per option of the table: who set it last */
	char *fault;                  /* CONFIG_FAULT_BYTES */
};

/* `where` names the option as its source spells it. False: fault is filled. */
bool config_source_apply(struct config_parser *p, const struct config_option *o, enum config_source source, const char *where,
			 const char *text);
enum config_source config_source_of(const struct config_parser *p, const struct config_option *o);

/* All lines of the file. False: fault is filled. */
bool config_file_apply(struct config_parser *p, const char *file);

/* Options that contradict each other, by the one table of them: false, and fault names both. A default that does not fit to what was given is made less. */
bool config_together_check(struct config_parser *p);

#endif
