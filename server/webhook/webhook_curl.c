#include "webhook/webhook_curl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct webhook_curl webhook_curl;

static bool find(void *library, const char *name, void *to)
{
	void *found = dlsym(library, name);
	memcpy(to, &found, sizeof(found)); /* ISO C knows no way from an object's pointer to a function's */
	return found != NULL;
}

bool webhook_curl_load(char fault[WEBHOOK_CURL_FAULT_BYTES])
{
	if (webhook_curl.easy_init_)
		return true;
	struct webhook_curl loaded;
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(fault, WEBHOOK_CURL_FAULT_BYTES, "libcurl, which posts webhooks, is missing (Debian: libcurl4): %.150s",
			 dlerror());
		return false;
	}
#define X(name) \
	if (!find(library, "curl_" #name, &loaded.name##_)) { \
		snprintf(fault, WEBHOOK_CURL_FAULT_BYTES, "libcurl is older than 7.88: it has no curl_" #name); \
		dlclose(library); \
		return false; \
	}
	WEBHOOK_CURL_TABLE(X)
#undef X
	webhook_curl = loaded;
	return true;
}
