#include "command/typed/typed.h"

static void run(const struct typed_command *self, struct call *call, struct text rest)
{
	auto_buf data = BUF_INIT;
	(void)self;
	typed_begin(&data, call);
	typed_add(&data, "name", rest);
	typed_become(call, CMD_ROOM_UPDATE, &data);
}

const struct typed_command typed_rename = {"rename", "/rename NAME", "Gives this room another name", TYPED_NEEDS_REST, run};
