#include "request_check.h"

#include "codec/reply_encode.h"

#include <assert.h>
#include <string.h>

/* The reply is JSON, and carries the reference as it came. */
static void check_reply(const struct buf *reply, const struct request *request)
{
	json_auto_t *root = json_loadb((const char *)reply->data, reply->len, JSON_REJECT_DUPLICATES, NULL);
	/* Of what is no JSON only the reference was kept. */
	const json_t *sent = json_is_object(request->json) ? json_object_get(request->json, "ref") : request->json;
	const json_t *given = json_object_get(root, "ref");

	assert(json_is_object(root));
	if (request->ref.n == 0)
		assert(given == NULL);
	else
		assert(json_equal(sent, given));
}

static void check_room(const struct room_ref *room, const struct limits *limits)
{
	assert(room->given);
	assert(room->is_id || (room->name.n > 0 && (limits->name_bytes == 0 || room->name.n <= limits->name_bytes)));
}

static void check_data(const struct request *r, const struct limits *limits)
{
	const struct data_session_start *start = &r->data.session_start;
	const struct data_message_send *send = &r->data.message_send;
	const struct data_history_read *history = &r->data.history_read;

	switch (r->command) {
	case CMD_SESSION_START:
		assert(start->token.s == NULL || start->guest.s == NULL);
		assert((start->n_resume == 0) == (start->resume == NULL));
		for (size_t i = 1; i < start->n_resume; i++)
			assert(memcmp(&start->resume[i - 1].room, &start->resume[i].room, sizeof(struct uid)) < 0);
		break;
	case CMD_MESSAGE_SEND:
		check_room(&send->room, limits);
		assert(send->text.n > 0 && (limits->text_bytes == 0 || send->text.n <= limits->text_bytes));
		assert(memchr(send->text.s, 0, send->text.n) == NULL);
		break;
	case CMD_HISTORY_READ:
		check_room(&history->room, limits);
		assert(history->has_before + history->has_after + history->has_around <= 1);
		assert(history->limit >= 1);
		break;
	default: /* the others have no rule beyond their types */
		break;
	}
}

void request_check(bool ok, struct request *request, const struct request_fault *fault, const struct limits *limits)
{
	const struct reply_ref ref = request->ref;
	auto_buf reply = BUF_INIT;

	if (ok) {
		assert(fault->code == WIRE_OK && request->command < CMD_COUNT);
		check_data(request, limits);
		reply_encode_ok(&reply, &ref, "{}", 2);
	} else {
		assert(fault->code != WIRE_OK && strlen(fault->message) > 0);
		reply_encode_error(&reply, &ref, fault->code, fault->message, 0);
	}
	check_reply(&reply, request);
	request_finish(request);
}
