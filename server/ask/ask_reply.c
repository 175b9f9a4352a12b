#include "ask/ask_reply.h"

#include "codec/text_clean.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"

static void read_type(const json_t *root, bool *is_for_room)
{
	struct text type = hook_value_string(root, "response_type");
	if (hook_text_is(type, "ephemeral"))
		*is_for_room = false;
	else if (hook_text_is(type, "in_channel") || hook_text_is(type, "comment") || hook_text_is(type, "post"))
		*is_for_room = true;
}

enum ask_reply ask_reply_read(struct text body, bool *is_for_room, struct hook_post *said)
{
	struct text text = hook_text_trimmed(body);
	if (text.n == 0)
		return ASK_REPLY_NOTHING;
	if (!text_is_utf8(text.s, text.n))
		return ASK_REPLY_NO_SENSE;
	bool is_json = text.s[0] == '{';
	json_auto_t *root = is_json ? adapter_parse(text) : json_pack("{s:o}", "text", json_stringn(text.s, text.n));
	if (!root)
		return ASK_REPLY_NO_SENSE;
	read_type(root, is_for_room);
	switch (adapter_read_parsed(adapter_find("slack"), root, &(struct hook_input){0}, said)) {
	case HOOK_POST:
		return ASK_REPLY_SAYS;
	case HOOK_NO_TEXT:
	case HOOK_NOTHING:
		return ASK_REPLY_NOTHING;
	case HOOK_INVALID_PAYLOAD:
		break;
	}
	return ASK_REPLY_NO_SENSE;
}
