#include "command/dispatch.h"
#include "command/wait_store.h"

#include <string.h>

/* The lines become an array of strings. */
static void encode_faults(struct buf *b, const struct buf *lines)
{
	const char *at = (const char *)lines->data, *end = at + lines->len;
	for (bool first = true; at < end; first = false) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		if (!first)
			buf_append_byte(b, ',');
		buf_append_json_string(b, at, (size_t)(stop - at));
		at = stop + 1;
	}
}

static void verified(struct wait *w)
{
	const struct store_verify *op = w->op;
	auto_buf data = BUF_INIT;
	if (wait_failed(w, WIRE_INTERNAL, NULL))
		return;
	buf_appendf(&data, "{\"rooms\":%llu,\"events\":%llu,\"faults\":[", (unsigned long long)op->n_rooms,
		    (unsigned long long)op->n_events);
	if (op->faults.len)
		encode_faults(&data, &op->faults);
	buf_append_str(&data, "]}");
	answer_ok(&w->answer, &data);
}

void handle_admin_verify(struct call *call)
{
	wait_go(wait_store(call, STORE_VERIFY, verified));
}
