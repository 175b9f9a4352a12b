#include "command/dispatch.h"
#include "command/wait_store.h"

#include <errno.h>

/* Whether the path is at fault, or the disk, whose fault may pass. */
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

static void copied(struct wait *w)
{
	const struct store_backup *op = w->op;
	auto_buf data = BUF_INIT;
	if (w->result == -ENOTCONN) {
		answer_away(&w->answer);
		return;
	}
	if (w->result != 0) {
		answer_error(&w->answer, error_of(w->result), op->fault, 0);
		return;
	}
	buf_append_str(&data, "{\"path\":");
	buf_append_json_string(&data, op->path.s, op->path.n);
	buf_append_byte(&data, '}');
	answer_ok(&w->answer, &data);
}

void handle_admin_backup(struct call *call)
{
	struct store_backup *op = wait_store(call, STORE_BACKUP, copied);
	op->path = call->request->data.admin_backup.path;
	wait_go(op);
}
