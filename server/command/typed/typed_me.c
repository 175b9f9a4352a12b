#include "command/typed/typed.h"

static void run(const struct typed_command *self, struct call *call, struct text rest)
{
	(void)self;
	typed_send(call, rest, "action");
}

const struct typed_command typed_me = {"me", "/me TEXT", "Says what you do", TYPED_NEEDS_REST, run};
