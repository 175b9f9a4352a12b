#include "command/dispatch.h"

#include <errno.h>
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

/* Whose fault it is: the path's, or the disk's, which may pass. */
static enum wire_error error_of(int result)
{
	switch (result) {
	case -EEXIST:
		return WIRE_NAME_TAKEN;
	case -ENOENT:
		return WIRE_NOT_FOUND;
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return WIRE_FORBIDDEN;
	case -ENOSPC:
	case -EDQUOT:
	case -EMFILE:
	case -ENFILE:
		return WIRE_UNAVAILABLE;
	case -EIO:
		return WIRE_INTERNAL;
	default:
		return WIRE_INVALID_REQUEST;
	}
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
	} else if (op->result == -ENOTCONN) {
		answer_away(&b->wait.answer);
	} else {
		answer_error(&b->wait.answer, error_of(op->result), b->op.fault, 0);
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
