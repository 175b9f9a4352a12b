#include "hook/hook_event_line.h"

#include "hook/hook_template.h"
#include "hook/hook_text.h"

#include <string.h>

/* Appends the lines that values gave something to. */
static void append_filled(struct buf *out, struct text made)
{
	while (made.n > 0) {
		const char *end = memchr(made.s, '\n', made.n);
		size_t n = end ? (size_t)(end - made.s) : made.n;
		struct text line = hook_text_trimmed((struct text){.s = made.s, .n = n});

		if (!hook_text_is(line, ">"))
			hook_text_part(out, line);
		n += end ? 1 : 0;
		made = (struct text){.s = made.s + n, .n = made.n - n};
	}
}

bool hook_event_line_append(struct buf *out, const struct hook_event_line *rows, size_t n_rows, struct text event, struct text action,
			    const json_t *root)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (!hook_text_is(event, rows[i].event) || (rows[i].action != NULL && !hook_text_is(action, rows[i].action)))
			continue;
		auto_buf made = BUF_INIT;
		hook_template_line(&made, rows[i].template_text, root);
		append_filled(out, hook_text_of(&made));
		return true;
	}
	return false;
}
