#include "store/postgres/libpq.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct libpq libpq;

static bool find(void *library, const char *name, void *to)
{
	void *found = dlsym(library, name);
	memcpy(to, &found, sizeof found); /* ISO C knows no way from an object's pointer to a function's */
	return found != NULL;
}

bool libpq_load(char *reason, size_t n)
{
	if (libpq.PQclear_)
		return true;
	struct libpq loaded;
	void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(reason, n, "PostgreSQL's client library is missing (Debian: libpq5): %.150s", dlerror());
		return false;
	}
#define X(name) \
	if (!find(library, "PQ" #name, &loaded.PQ##name##_)) { \
		snprintf(reason, n, "PostgreSQL's client library is older than 15: it has no PQ" #name); \
		dlclose(library); \
		return false; \
	}
	LIBPQ_TABLE(X)
#undef X
	libpq = loaded;
	return true;
}
