/* The reader of frame headers. Its result for a header does not depend on how the bytes arrive, and masking twice changes
 * nothing. */
#include "codec/ws_frame.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Each prefix in memory of exactly its size, so that a sanitizer sees one byte too many being read. */
static int read_prefix(const uint8_t *data, size_t n, struct ws_frame *out)
{
	uint8_t *exact = calloc(1, n > 0 ? n : 1);

	if (exact == NULL)
		abort();
	if (n > 0)
		memcpy(exact, data, n);
	int result = ws_frame_read_header(exact, n, out);
	free(exact);
	return result;
}

static void check_mask(const uint8_t *data, size_t n, const struct ws_frame *frame)
{
	uint8_t bytes[64];
	size_t n_bytes = n < sizeof(bytes) ? n : sizeof(bytes), cut = n_bytes / 3;

	if (n_bytes == 0)
		return;
	memcpy(bytes, data, n_bytes);
	ws_frame_mask(bytes, n_bytes, frame->mask, 0);
	ws_frame_mask(bytes, cut, frame->mask, 0);
	ws_frame_mask(bytes + cut, n_bytes - cut, frame->mask, cut);
	assert(memcmp(bytes, data, n_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ws_frame whole = {0}, part = {0};
	int result = read_prefix(data, n, &whole);

	for (size_t k = 0; k < n && k <= WS_FRAME_HEADER_MAX; k++) {
		int early = read_prefix(data, k, &part);

		assert(early == 0 || early == result);
	}
	assert(result == 0 || result == 1 || result == -EPROTO);
	if (result != 1)
		return 0;
	assert(whole.header_bytes >= 2 && whole.header_bytes <= WS_FRAME_HEADER_MAX && whole.header_bytes <= n);
	assert(whole.payload_bytes <= INT64_MAX && (whole.opcode < WS_OP_CLOSE || (whole.payload_bytes < 126 && whole.fin)));
	check_mask(data + whole.header_bytes, n - whole.header_bytes, &whole);

	/* What we would write for this length is read back as the same. */
	uint8_t header[WS_FRAME_HEADER_MAX];
	size_t n_header = ws_frame_text_header(header, whole.payload_bytes);
	assert(read_prefix(header, n_header, &part) == 1);
	assert(part.payload_bytes == whole.payload_bytes && part.header_bytes == n_header);
	return 0;
}
