#include "command/typed/typed.h"

static void tell(const struct typed_command *self, struct call *call)
{
	const char *topic = call->member->room->topic;
	auto_buf text = BUF_INIT;
	buf_append_str(&text, *topic ? "The topic is: " : "This room has no topic.");
	buf_append_str(&text, topic);
	typed_say(self, call, &text);
}

static void run(const struct typed_command *self, struct call *call, struct text rest)
{
	auto_buf data = BUF_INIT;
	if (rest.n == 0) {
		tell(self, call);
		return;
	}
	typed_begin(&data, call);
	typed_add(&data, "topic", rest);
	typed_become(call, CMD_ROOM_UPDATE, &data);
}

const struct typed_command typed_topic = {"topic", "/topic [TEXT]", "Sets the room's topic, or tells it", TYPED_MAY_HAVE_REST, run};
