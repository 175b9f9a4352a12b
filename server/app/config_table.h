/*
 * The one table of the server's options. A new option needs a row and nothing else: the flag, the environment variable, the line of the config file,
 * the help and the manual page follow from it. Defaults are set through the same functions as given values. Constant; any thread.
 */
#ifndef PARLEY_APP_CONFIG_TABLE_H
#define PARLEY_APP_CONFIG_TABLE_H

#include "app/config.h"

struct config_option {
	const char *name;     /* words joined by '_', see config_table_spell() */
	const char *value;    /* the value's name in the help; NULL: a flag without value, for the command line only */
	const char *fallback; /* text of the default; NULL: none */
	const char *help;     /* a sentence without its full stop */
	const char *(*set)(struct config *c, const struct config_option *o,
			   const char *text); /* returns NULL, or what the text has to be */
	void (*clear)(struct config *c);      /* repeatable options only: removes all values */
	size_t offset;                        /* of the member that `set` fills, for kinds that several options share */
	uint64_t least, most;                 /* numbers only */
	bool zero_is_none;                    /* limits: 0 is no limit; the help says so */
	bool may_hold_secret;                 /* no fault repeats the value */
	enum config_outcome outcome;          /* flags without value only */
};

const struct config_option *config_table(size_t *n);
/* Returns the largest value of a number. For a size that is what the server's parts can hold. */
uint64_t config_table_most(const struct config_option *o);
/* Returns the value of a number, of any width. */
uint64_t config_table_number(struct config *c, const struct config_option *o);
void config_table_put(struct config *c, const struct config_option *o, uint64_t n);

enum config_spelling { CONFIG_SPELLING_FLAG, CONFIG_SPELLING_ENVIRONMENT, CONFIG_SPELLING_FILE };

enum { CONFIG_NAME_BYTES = 80 };

/* tls_cert → --tls-cert, PARLEY_TLS_CERT, tls-cert. */
void config_table_spell(const struct config_option *o, enum config_spelling spelling, char out[CONFIG_NAME_BYTES]);
/* Returns the option that these n bytes spell, or NULL. */
const struct config_option *config_table_find(const char *name, size_t n, enum config_spelling spelling);

#endif
