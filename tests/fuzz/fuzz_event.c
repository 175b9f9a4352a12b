/* The reader of packed events: what it takes, it packs again as the same bytes; nothing shorter or longer is taken for it. */
#include "store/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* In memory of exactly its size, so that a sanitizer sees one byte too many being read. */
static struct event *unpack_exact(const uint8_t *data, size_t n, struct event *(*unpack)(const uint8_t *bytes, size_t n))
{
	uint8_t *exact = malloc(n > 0 ? n : 1);

	if (exact == NULL)
		abort();
	if (n > 0)
		memcpy(exact, data, n);
	struct event *e = unpack(exact, n);
	free(exact);
	return e;
}

static void look(const uint8_t *data, size_t n, struct event *(*unpack)(const uint8_t *bytes, size_t n))
{
	auto_buf again = BUF_INIT;
	struct event *e = unpack_exact(data, n, unpack);

	if (!e)
		return;
	event_pack(e, &again);
	assert(again.len == n && memcmp(again.data, data, n) == 0);
	event_free(e);
	assert(!unpack_exact(data, n - 1, unpack));
	buf_append_byte(&again, '}');
	assert(!unpack_exact(again.data, again.len, unpack));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	look(data, n, event_unpack);
	look(data, n, event_unpack_passing);
	return 0;
}
