#include "chat/state_encode.h"
#include "command/dispatch.h"
#include "command/message/message_write.h"

static void stored(struct wait *w)
{
	message_answer_change(w, w->op, "only the author of a message may edit it");
}

void handle_message_edit(struct call *call)
{
	const struct buf *text = message_clean(call, call->request->data.message_edit.text);
	if (!text)
		return;
	struct store_append *op = wait_store(call, STORE_APPEND, stored);
	const struct data_message_edit *d = &call->request->data.message_edit;
	op->author_no = call->user->no;
	op->type = EVENT_MESSAGE_EDITED;
	op->target_seq = d->seq;
	op->has_client_id = d->has_client_id;
	op->client_id = d->client_id;
	buf_append_str(&op->data, "{\"author\":");
	state_encode_person(&op->data, call->user);
	buf_appendf(&op->data, ",\"message\":%llu,\"text\":", (unsigned long long)d->seq);
	buf_append_json_string(&op->data, (const char *)text->data, text->len);
	message_encode_client_id(&op->data, &d->client_id, d->has_client_id);
	buf_append_byte(&op->data, '}');
	wait_go(op);
}
