#include "command/dispatch.h"

#include <stdlib.h>
#include <string.h>

struct verify {
	struct store_verify op; /* first: the store hands this back */
	struct wait wait;
};

static void verify_free(struct verify *v)
{
	wait_end(&v->wait);
	buf_finish(&v->op.faults);
	free(v);
}

/* Lines become an array of strings. */
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

static void verified(struct store_op *op)
{
	struct verify *v = (struct verify *)(void *)op;
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		buf_appendf(&data, "{\"rooms\":%llu,\"events\":%llu,\"faults\":[", (unsigned long long)v->op.n_rooms,
			    (unsigned long long)v->op.n_events);
		if (v->op.faults.len)
			encode_faults(&data, &v->op.faults);
		buf_append_str(&data, "]}");
		answer_ok(&v->wait.answer, &data);
	} else {
		wait_answer_failure(&v->wait, op->result, WIRE_INTERNAL, NULL);
	}
	verify_free(v);
}

void handle_admin_verify(struct call *call)
{
	struct verify *v = mem_new(struct verify);
	v->op.op = (struct store_op){.kind = STORE_VERIFY, .done = verified};
	wait_begin(&v->wait, call, NULL);
	if (!wait_submit(&v->wait, &v->op.op))
		verify_free(v);
}
