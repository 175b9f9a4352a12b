#include "chat/dispatch.h"

#include <stdlib.h>

struct backup {
	struct store_backup op; /* first: the store hands this back */
	struct wait wait;
};

static void backup_free(struct backup *b)
{
	wait_end(&b->wait);
	free(b);
}

static void copied(struct store_op *op)
{
	struct backup *b = (struct backup *)(void *)op;
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		buf_append_str(&data, "{\"path\":");
		buf_append_json_string(&data, b->op.path.s, b->op.path.n);
		buf_append_byte(&data, '}');
		answer_ok(&b->wait.answer, &data);
	} else {
		answer_error(&b->wait.answer, WIRE_INVALID_REQUEST, b->op.fault, 0);
	}
	backup_free(b);
}

void handle_admin_backup(struct call *call)
{
	struct backup *b = mem_new(struct backup);
	b->op.op = (struct store_op){.kind = STORE_BACKUP, .done = copied};
	b->op.path = call->request->data.admin_backup.path;
	wait_begin(&b->wait, call, NULL);
	if (!wait_submit(&b->wait, &b->op.op))
		backup_free(b);
}
