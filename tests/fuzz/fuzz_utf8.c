/* Our check of UTF-8 against the JSON library's, and against itself when the bytes are cut. */
#include "net/conn/utf8.h"

#include <assert.h>
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	json_auto_t *string = json_stringn((const char *)data, n);
	bool valid = utf8_valid(data, n);

	assert(valid == (string != NULL));
	/* Text is only ever cut between two whole characters. */
	for (size_t cut = 0; valid && cut <= n; cut += 1 + n / 16)
		assert(utf8_valid(data, cut) == utf8_valid(data + cut, n - cut));
	return 0;
}
