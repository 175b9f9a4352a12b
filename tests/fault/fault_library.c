/* A library that is not installed, for LD_PRELOAD: dlopen(3) finds none whose name begins with TEST_LIBRARY_MISSING. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

void *dlopen(const char *name, int flags)
{
	const char *missing = getenv("TEST_LIBRARY_MISSING");
	if (name && missing && *missing && strncmp(name, missing, strlen(missing)) == 0)
		name = "missing.so"; /* dlerror(3) says why */
	return REAL(void *, dlopen, const char *, int)(name, flags);
}
