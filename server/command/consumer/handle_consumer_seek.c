/* Puts the cursor of a consumer elsewhere: in one room, or in all. */
#include "chat/user.h"
#include "command/consumer/consumer.h"
#include "command/dispatch.h"
#include "subscription/news.h"

static void sought(struct wait *w)
{
	const struct store_subscription_seek *op = w->op;
	if (consumer_failed(w))
		return;
	news_wake(w->answer.chat, op->subscription_no);
	answer_ok(&w->answer, NULL);
}

static void found(struct wait *w)
{
	if (consumer_failed(w))
		return;
	const struct data_consumer_seek *d = &w->request.data.consumer_seek;
	const struct room *r = d->has_room ? room_by_id(&w->answer.chat->rooms, &d->room) : NULL;
	if (d->has_room && (!r || !user_member_of(w->user, r))) {
		answer_error(&w->answer, WIRE_NOT_FOUND, "you are not a member of this room", 0);
		return;
	}
	uint64_t no = ((const struct store_subscription_find *)w->op)->subscription.no;
	struct store_subscription_seek *op = wait_next(w, STORE_SUBSCRIPTION_SEEK, sought);
	op->subscription_no = no;
	op->at_room_no = r ? r->no : 0;
	op->to_seq = d->has_seq;
	op->seq = d->seq;
	op->from_ms = subscription_place(d->has_since_ms, d->since_ms, d->has_to && d->to == CONSUMER_PLACE_START);
	wait_go(op);
}

void handle_consumer_seek(struct call *call)
{
	const struct data_consumer_seek *d = &call->request->data.consumer_seek;
	if (d->has_seq && !d->has_room)
		call_refuse(call, "room", "data.room: a seq is of a room: give its id");
	else if (d->has_room || !call_all_rooms_must_wait(call))
		consumer_find(call, d->consumer, found);
}
