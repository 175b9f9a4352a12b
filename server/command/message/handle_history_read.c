#include "command/dispatch.h"
#include "command/message/history_page.h"

/* Seqs have no holes, so a page around a seq is a range: half before it, itself, and the rest after. */
static struct history_range around(uint64_t seq, uint64_t limit)
{
	uint64_t before = limit / 2;
	uint64_t after_seq = seq > before + 1 ? seq - before - 1 : 0;
	return (struct history_range){.after_seq = after_seq, .limit = limit};
}

void handle_history_read(struct call *call)
{
	const struct data_history_read *d = &call->request->data.history_read;
	struct history_range range = {.limit = d->limit, .newest = true};
	if (d->has_before)
		range.before_seq = d->before;
	else if (d->has_after)
		range = (struct history_range){.after_seq = d->after, .limit = d->limit};
	else if (d->has_around)
		range = around(d->around, d->limit);
	if (d->has_before && d->before == 0) {
		call_refuse(call, "before", "data.before: must be at least 1");
		return;
	}
	range.with_changes = true;
	history_page_go(wait_store(call, STORE_LOG_PAGE, history_page_arrived), range);
}
