#include "command/typed/typed.h"

#include <stdio.h>

static void refuse_use(struct call *call, const struct typed_command *c)
{
	char message[200];
	snprintf(message, sizeof(message), "type it as %s", c->usage);
	call_refuse(call, "text", message);
}

void handle_command_run(struct call *call)
{
	struct typed_line line;
	if (!typed_read(call->request->data.command_run.text, &line)) {
		call_refuse(call, "text", "a command is a slash and a name, as /help");
		return;
	}
	const struct typed_command *c = typed_find(line.name);
	if (!c)
		typed_run_service(call);
	else if (line.rest.n ? c->takes == TYPED_ALONE : c->takes == TYPED_NEEDS_REST)
		refuse_use(call, c);
	else
		c->run(c, call, line.rest);
}
