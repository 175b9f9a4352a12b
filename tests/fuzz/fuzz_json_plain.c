/* Whatever the plain parser takes, jansson takes too and makes the same of it; and plain requests are taken. */
#include "codec/json_plain.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t levels(const uint8_t *data, size_t n)
{
	size_t opened = 0;

	for (size_t i = 0; i < n; i++)
		opened += data[i] == '{';
	return opened;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (levels(data, n) > 500)
		return 0; /* the caller's promise */
	json_auto_t *plain = json_plain_parse(data, n);
	json_auto_t *whole = json_loadb((const char *)data, n, JSON_REJECT_DUPLICATES, NULL);

	assert(plain == NULL || (whole != NULL && json_equal(plain, whole)));
	return 0;
}
