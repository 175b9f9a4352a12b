#include "store/event.h"

#include "base/memory.h"
#include "codec/ws_frame.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct event *event_new(const void *json, size_t n)
{
	assert(n <= UINT32_MAX - WS_FRAME_HEADER_MAX);
	uint8_t header[WS_FRAME_HEADER_MAX];
	size_t header_bytes = ws_frame_text_header(header, n);
	struct event *e = mem_alloc(sizeof *e + header_bytes + n);
	*e = (struct event){.header_bytes = (uint32_t)header_bytes, .frame_bytes = (uint32_t)(header_bytes + n)};
	memcpy(e->frame, header, header_bytes);
	memcpy(e->frame + header_bytes, json, n);
	return e;
}

void event_free(struct event *e)
{
	free(e);
}
