#include "command/typed/typed.h"

/* People write a name with the at sign of a mention, which is no part of it. */
static void run(const struct typed_command *self, struct call *call, struct text rest)
{
	auto_buf data = BUF_INIT;
	(void)self;
	if (rest.n > 1 && rest.s[0] == '@')
		rest = (struct text){rest.s + 1, rest.n - 1};
	typed_begin(&data, call);
	typed_add(&data, "user", rest);
	typed_become(call, CMD_MEMBER_ADD, &data);
}

const struct typed_command typed_invite = {"invite", "/invite NAME", "Adds somebody to this room", TYPED_NEEDS_REST, run};
