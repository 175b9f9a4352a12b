#include "command/message/message_write.h"

#include "chat/apply.h"
#include "codec/request_fault.h"
#include "codec/text_clean.h"

#include <errno.h>

static bool is_blank(const struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] != ' ' && text->data[i] != '\t' && text->data[i] != '\n')
			return false;
	return true;
}

const struct buf *message_clean(const struct call *call, struct text said)
{
	struct buf *text = &call->chat->scratch;
	buf_clear(text);
	text_clean_message(said.s, said.n, text);
	if (!is_blank(text))
		return text;
	call_refuse(call, "text", "the message must not be empty");
	return NULL;
}

void message_encode_client_id(struct buf *b, const struct uid *client_id, bool has)
{
	char id[UID_TEXT_BYTES + 1];
	if (!has)
		return;
	uid_format(client_id, id);
	buf_append_str(b, ",\"client_id\":\"");
	buf_append(b, id, UID_TEXT_BYTES);
	buf_append_byte(b, '"');
}

void message_answer(const struct wait *w, struct store_append *op)
{
	char room[UID_TEXT_BYTES + 1], id[UID_TEXT_BYTES + 1], timestamp[TIMESTAMP_BYTES + 1];
	uid_format(op->duplicate ? &op->room_of_first : &w->room->id, room);
	uid_format(&op->id, id);
	timestamp_format(op->timestamp_ms, timestamp);
	auto_buf data = BUF_INIT;
	buf_append_str(&data, "{\"room\":\"");
	buf_append(&data, room, UID_TEXT_BYTES);
	buf_append_str(&data, "\",\"seq\":");
	buf_append_u64(&data, op->seq);
	buf_append_str(&data, ",\"id\":\"");
	buf_append(&data, id, UID_TEXT_BYTES);
	buf_append_str(&data, "\",\"timestamp\":\"");
	buf_append(&data, timestamp, TIMESTAMP_BYTES);
	buf_append_str(&data, op->duplicate ? "\",\"duplicate\":true}" : "\"}");
	answer_ok(&w->answer, &data);
	apply_committed_in(w->room, op->event);
	op->event = NULL;
}

void message_answer_change(const struct wait *w, struct store_append *op, const char *forbidden)
{
	struct request_fault fault;
	request_fault_of(&fault, WIRE_FORBIDDEN, "seq", "%s", forbidden);
	if (w->result == -EACCES)
		answer_fault(&w->answer, &fault);
	else if (!wait_failed_field(w, "seq", "there is no such message in this room, or it was deleted"))
		message_answer(w, op);
}
