/* A run of config_parse() for the tests of the configuration. Included once per test program. */
#ifndef PARLEY_TESTS_CONFIG_PARSE_H
#define PARLEY_TESTS_CONFIG_PARSE_H

#include "cmocka_wrap.h"

#include "app/config.h"
#include "app/config_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 80 };

/* A run of config_parse over words and "NAME=value" lines, both ending with NULL. */
struct parsed {
	struct config config;
	char fault[CONFIG_FAULT_BYTES];
	enum config_outcome outcome;
};

static inline struct parsed *parse(const char *const *words, const char *const *environment)
{
	static struct parsed p;
	char *argv[WORDS_MAX + 2], *envp[WORDS_MAX + 1];
	int argc = 0, n = 0;
	argv[argc++] = strdup("parleyd");
	for (; *words; words++)
		argv[argc++] = strdup(*words);
	argv[argc] = NULL;
	for (; environment && *environment; environment++)
		envp[n++] = strdup(*environment);
	envp[n] = NULL;
	p.outcome = config_parse(argc, argv, envp, &p.config, p.fault);
	while (argc)
		free(argv[--argc]);
	while (n)
		free(envp[--n]);
	return &p;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_WORDS ((const char *const[]){NULL})

static inline void finish(struct parsed *p)
{
	config_finish(&p->config);
}

static inline void expect_fault(const char *const *words, const char *const *environment, const char *sentence)
{
	struct parsed *p = parse(words, environment);
	assert_int_equal(p->outcome, CONFIG_FAULT);
	assert_string_equal(p->fault, sentence);
	finish(p);
}

#endif
