#include "command/typed/typed.h"

static void run(const struct typed_command *self, struct call *call, struct text rest)
{
	auto_buf text = BUF_INIT;
	(void)self;
	buf_append(&text, rest.s, rest.n);
	buf_append_str(&text, rest.n ? " ¯\\_(ツ)_/¯" : "¯\\_(ツ)_/¯");
	typed_send(call, (struct text){(const char *)text.data, text.len}, NULL);
}

const struct typed_command typed_shrug = {"shrug", "/shrug [TEXT]", "Sends a shrug behind the text", TYPED_MAY_HAVE_REST, run};
