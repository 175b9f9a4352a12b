#include "command/typed/typed.h"

void typed_show_usage(struct buf *b, const struct store_hook_ask *ask)
{
	buf_appendf(b, *ask->hint ? "/%s %s" : "/%s", ask->command, ask->hint);
}

void typed_show_description(struct buf *b, const struct store_hook *hook)
{
	if (*hook->ask.description)
		buf_append_str(b, hook->ask.description);
	else
		buf_appendf(b, "Asks %s", hook->account.name);
}
