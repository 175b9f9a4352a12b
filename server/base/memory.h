/*
 * Allocation that does not fail: the process ends when memory runs out. The store's log makes that safe.
 */
#ifndef PARLEY_BASE_MEMORY_H
#define PARLEY_BASE_MEMORY_H

#include <stddef.h>

#define warn_unused __attribute__((warn_unused_result))
#define never_null __attribute__((returns_nonnull))

void *mem_alloc(size_t bytes) warn_unused never_null;
void *mem_zalloc(size_t bytes) warn_unused never_null;
void *mem_realloc(void *p, size_t bytes) warn_unused never_null;
void *mem_copy(const void *p, size_t bytes) warn_unused never_null;
char *mem_strndup(const char *s, size_t n) warn_unused never_null; /* adds a NUL */

#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))

/* char *auto_free p = …; frees it when the scope ends. */
void mem_free_at(void *pointer_to_pointer);
#define auto_free __attribute__((cleanup(mem_free_at)))

#endif
