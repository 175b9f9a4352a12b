/* Commands of a room's hooks, which their services answer (chat/asker.h). */
#include "chat/asker.h"
#include "chat/rate.h"
#include "codec/request_fault.h"
#include "command/typed/typed.h"
#include "command/wait_store.h"

#include <string.h>

static void refuse_unknown(const struct wait *w, const struct typed_line *line)
{
	const struct store_hook_list *hooks = w->op;
	const struct typed_command *c;
	struct typed_guess guess;
	struct request_fault fault;
	typed_guess_begin(&guess, line->name);
	for (size_t i = 0; (c = typed_at(i)) != NULL; i++)
		typed_guess_try(&guess, c->name);
	for (size_t i = 0; i < hooks->n_hooks; i++) {
		if (typed_name_of(&hooks->hooks[i]))
			typed_guess_try(&guess, hooks->hooks[i].ask.command);
	}
	if (guess.best)
		request_fault_of(&fault, WIRE_NOT_FOUND, "text", "there is no command /%s; did you mean /%s?", line->name, guess.best);
	else
		request_fault_of(&fault, WIRE_NOT_FOUND, "text", "there is no command /%s; /help shows which there are", line->name);
	answer_fault(&w->answer, &fault);
}

static void ask(const struct wait *w, const struct store_hook *hook, struct text rest)
{
	struct chat *c = w->answer.chat;
	const struct asker_command command = {.room_no = w->room->no,
					      .asker_no = w->user->no,
					      .room = w->room->id,
					      .asker = w->user->id,
					      .asker_name = w->user->name,
					      .hook = hook,
					      .text = rest};
	uint32_t wait_ms = rate_ask(c, &w->room->id, &w->user->id);
	if (wait_ms)
		answer_error(&w->answer, WIRE_RATE_LIMITED, "too many questions to services", wait_ms);
	else if (!c->asker || !c->asker->methods->run(c->asker, &command))
		answer_error(&w->answer, WIRE_UNAVAILABLE, "too much is being asked; try again later", 0);
	else
		answer_ok(&w->answer, NULL);
}

static void hooks_read(struct wait *w)
{
	const struct store_hook_list *hooks = w->op;
	struct typed_line line;
	if (wait_failed(w, WIRE_NOT_FOUND, NULL) || !typed_read(w->request.data.command_run.text, &line))
		return;
	for (size_t i = 0; i < hooks->n_hooks; i++) {
		const char *name = typed_name_of(&hooks->hooks[i]);
		if (name && strcmp(name, line.name) == 0) {
			ask(w, &hooks->hooks[i], line.rest);
			return;
		}
	}
	refuse_unknown(w, &line);
}

void typed_run_service(struct call *call)
{
	struct store_hook_list *op = wait_store(call, STORE_HOOK_LIST, hooks_read);
	op->room_no = call->member->room->no;
	op->that_ask = true;
	wait_go(op);
}

static void append_string(struct buf *b, const char *member, const struct buf *value)
{
	buf_append_str(b, member);
	buf_append_json_string(b, (const char *)value->data, value->len);
}

void typed_list_services(struct buf *b, const struct store_hook_list *hooks)
{
	for (size_t i = 0; i < hooks->n_hooks; i++) {
		const struct store_hook *hook = &hooks->hooks[i];
		auto_buf usage = BUF_INIT, description = BUF_INIT;
		char id[UID_TEXT_BYTES + 1];
		if (!typed_name_of(hook))
			continue;
		typed_show_usage(&usage, &hook->ask);
		typed_show_description(&description, hook);
		uid_format(&hook->account.id, id);
		buf_appendf(b, ",{\"name\":\"%s\"", hook->ask.command);
		append_string(b, ",\"usage\":", &usage);
		append_string(b, ",\"description\":", &description);
		buf_appendf(b, ",\"hook\":\"%s\"}", id);
	}
}
