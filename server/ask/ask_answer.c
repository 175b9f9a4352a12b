#include "ask/ask_answer.h"

#include "chat/apply.h"
#include "hook/hook_post.h"
#include "hook/hook_text.h"
#include "store/person.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ask_answer_aside(struct asks *a, const struct ask_answer *to, const struct buf *text)
{
	auto_buf data = BUF_INIT;
	if (to->asker_is_hook)
		return;
	buf_append_str(&data, "{\"text\":");
	buf_append_json_string(&data, (const char *)text->data, text->len);
	buf_append_str(&data, ",\"author\":");
	person_encode(&data, &to->hook->id, to->hook->name, to->hook->kind);
	if (to->command) {
		buf_append_str(&data, ",\"command\":");
		buf_append_json_string(&data, to->command, strlen(to->command));
	}
	buf_append_byte(&data, '}');
	across_tell_account(a->chat, &to->at, to->asker_no, EVENT_MESSAGE_EPHEMERAL, &data);
}

void ask_answer_fault(struct asks *a, const struct ask_answer *to, const char *fault)
{
	auto_buf text = BUF_INIT;
	metric_add(&a->chat->metrics->asks_failed_total, 1);
	hook_text_line(&text, (struct text){to->hook->name, strlen(to->hook->name)});
	buf_appendf(&text, " %s", fault);
	ask_answer_aside(a, to, &text);
}

/* ---- into the room ---- */

struct answer_post {
	struct store_append append;
	struct asks *asks;
	uint64_t hops;
	void (*done)(void *arg, int result);
	void *arg;
};

static void posted(struct store_op *op)
{
	struct answer_post *p = op->arg;
	struct chat *c = p->asks->chat;
	struct event *event = p->append.event;
	p->append.event = NULL;
	c->n_pending--;
	asker_heard(c->asker, event, p->hops + 1);
	apply_committed(c, event);
	if (p->done)
		p->done(p->arg, op->result);
	store_op_finish(op);
	store_op_finish_data(op);
	free(p);
}

void ask_answer_post(struct asks *a, const struct ask_answer *to, struct hook_post *said, void (*done)(void *arg, int result), void *arg)
{
	struct answer_post *p = mem_new(struct answer_post);
	p->asks = a;
	p->hops = to->hops;
	p->done = done;
	p->arg = arg;
	p->append.op = (struct store_op){.kind = STORE_APPEND, .done = posted, .arg = p};
	p->append.room_no = to->at.room_no;
	p->append.author_no = to->hook->no;
	p->append.type = EVENT_MESSAGE_CREATED;
	hook_post_encode(&p->append.data, to->hook, said, &a->chat->config.limits);
	a->chat->n_pending++;
	if (a->chat->store->methods->submit(a->chat->store, &p->append.op) == 0)
		return;
	p->append.op.result = -EBUSY;
	posted(&p->append.op);
}
