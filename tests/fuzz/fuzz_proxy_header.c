/* The reader of PROXY headers. Its result does not depend on how the bytes arrive or on what follows. It does not wait for a header without end. */
#include "net/accept/proxy_header.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* In memory of exactly its size, so that a sanitizer sees one byte too many being read. */
static enum proxy_header_result read_prefix(const uint8_t *data, size_t n, struct proxy_header *out)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);

	if (exact == NULL)
		abort();
	if (n > 0)
		memcpy(exact, data, n);
	enum proxy_header_result result = proxy_header_read(exact, n, out);
	free(exact);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proxy_header whole, part;
	size_t longest = n < PROXY_HEADER_BYTES_MAX ? n : PROXY_HEADER_BYTES_MAX;
	enum proxy_header_result result = read_prefix(data, n, &whole);

	assert(result != PROXY_HEADER_MORE || n < PROXY_HEADER_BYTES_MAX);
	if (result == PROXY_HEADER_WHOLE) {
		assert(whole.n_bytes > 0 && whole.n_bytes <= longest);
		assert(read_prefix(data, whole.n_bytes, &part) == PROXY_HEADER_WHOLE && part.n_bytes == whole.n_bytes);
		assert(memcmp(&part.address, &whole.address, sizeof part.address) == 0);
		longest = whole.n_bytes - 1;
	}
	for (size_t k = 0; k <= longest; k++) {
		enum proxy_header_result early = read_prefix(data, k, &part);

		assert(early == PROXY_HEADER_MORE || (early == PROXY_HEADER_BAD && result == PROXY_HEADER_BAD));
	}
	return 0;
}
