/* Acknowledges events: by their deliveries, or all that is handed out of rooms up to a seq. */
#include "chat/user.h"
#include "command/consumer/consumer.h"
#include "command/dispatch.h"
#include "subscription/news.h"

static void acknowledged(struct wait *w)
{
	const struct store_subscription_ack *op = w->op;
	auto_buf data = BUF_INIT;
	if (consumer_failed(w))
		return;
	if (op->n_acknowledged > 0)
		news_wake(w->answer.chat, op->subscription_no); /* more may be handed out */
	buf_appendf(&data, "{\"acknowledged\":%llu}", (unsigned long long)op->n_acknowledged);
	answer_ok(&w->answer, &data);
}

/* Rooms that the caller is not a member of have nothing to acknowledge. */
static void take_cursors(const struct wait *w, struct store_subscription_ack *op, const struct cursor *cursors, size_t n)
{
	auto_buf rooms = BUF_INIT, seqs = BUF_INIT;
	for (size_t i = 0; i < n; i++) {
		const struct room *r = room_by_id(&w->answer.chat->rooms, &cursors[i].room);
		if (!r || !user_member_of(w->user, r))
			continue;
		int64_t no = (int64_t)r->no, seq = (int64_t)cursors[i].seq;
		buf_append(&rooms, &no, sizeof(no));
		buf_append(&seqs, &seq, sizeof(seq));
		op->n_rooms++;
	}
	op->rooms = (const int64_t *)(const void *)wait_keep(op, &rooms).s;
	op->seqs = (const int64_t *)(const void *)wait_keep(op, &seqs).s;
}

static void found(struct wait *w)
{
	if (consumer_failed(w))
		return;
	const struct data_consumer_ack *d = &w->request.data.consumer_ack;
	uint64_t no = ((const struct store_subscription_find *)w->op)->subscription.no;
	struct store_subscription_ack *op = wait_next(w, STORE_SUBSCRIPTION_ACK, acknowledged);
	op->subscription_no = no;
	op->n_deliveries = d->n_deliveries;
	op->deliveries = consumer_deliveries(op, d->deliveries, d->n_deliveries);
	take_cursors(w, op, d->cursors, d->n_cursors);
	wait_go(op);
}

void handle_consumer_ack(struct call *call)
{
	consumer_find(call, call->request->data.consumer_ack.consumer, found);
}
