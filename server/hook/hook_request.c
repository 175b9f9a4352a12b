#include "hook/hook_request.h"

#include "base/memory.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
	HOOK_FIELD_TABLE(X)
#undef X
};

const char *hook_field_name(enum hook_field field)
{
	return names[field];
}

struct text hook_request_field(const struct hook_request *r, enum hook_field field)
{
	const char *value = r->fields[field];
	return (struct text){.s = value, .n = value ? strlen(value) : 0};
}

struct hook_request *hook_request_new(void)
{
	return mem_new(struct hook_request);
}

void hook_request_free(struct hook_request *r)
{
	if (!r)
		return;
	if (r->token)
		secret_wipe(r->token, strlen(r->token));
	free(r->token);
	free(r->adapter);
	for (size_t i = 0; i < HOOK_FIELD_COUNT; i++)
		free(r->fields[i]);
	buf_finish(&r->body);
	free(r);
}
