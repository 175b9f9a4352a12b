#include "command/typed/typed.h"

static void run(const struct typed_command *self, struct call *call, struct text rest)
{
	auto_buf data = BUF_INIT;
	(void)self, (void)rest;
	typed_begin(&data, call);
	typed_become(call, CMD_ROOM_LEAVE, &data);
}

const struct typed_command typed_leave = {"leave", "/leave", "Leaves this room", TYPED_ALONE, run};
