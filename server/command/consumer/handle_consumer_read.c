/*
 * Hands out the next events of a consumer, each to one of those who ask. Where there are none it waits for some, at most wait_ms.
 *
 * Read, choose, move: what the store reads goes through the filter, and one transaction moves the cursors behind what was looked at and notes what is handed out. It is answered when that is
 * committed. Who read the same as somebody else and came later has lost, and reads again.
 *
 * For an event stream (command/stream/consumer_stream.h) it goes on: what is handed out goes into the stream, and when that has gone out it reads again.
 */
#include "chat/session.h"
#include "codec/request_fault.h"
#include "command/consumer/consumer.h"
#include "command/dispatch.h"
#include "command/stream/consumer_stream.h"
#include "subscription/filter.h"
#include "subscription/news.h"

#include <errno.h>
#include <stdlib.h>

/* How many events are looked at: more where the filter takes few. When the time to wait is over, it is looked for them so often in all. */
enum { LOOK_AT_LEAST = 100, LOOK_AT = 1000, LOOKS = 10, DELIVERIES_OF_FENCE = 1024 };

struct handed_out {
	size_t at; /* in the events that were read */
	uint64_t delivery, tries;
};

struct consumer_read {
	struct store_subscription_read op; /* first */
	struct store_subscription_move move;
	struct store_subscription_ack ack;
	struct news_wait news;
	struct wait *wait;
	struct filter filter;
	/* What was chosen; as many places as there are events. */
	struct subscription_cursor *cursors;
	struct subscription_change *changes;
	struct handed_out *handed_out;
	size_t n_handed_out, n_aside;
	uint64_t n_bytes; /* of session.n_handing_out_bytes */
	unsigned n_looks;
	bool is_woken; /* in the place of the others, and has not looked yet at what there is */
};

static void read_again(struct wait *w);
static void acknowledged(struct wait *w);

static struct consumer_stream *stream_of(const struct wait *w)
{
	return consumer_stream_of(answer_session(&w->answer));
}

static void drop_chosen(struct consumer_read *c)
{
	free(c->cursors);
	free(c->changes);
	free(c->handed_out);
	c->cursors = NULL;
	c->changes = NULL;
	c->handed_out = NULL;
	c->n_handed_out = c->n_aside = 0;
}

static void answer_is_made(const struct wait *w, struct consumer_read *c)
{
	struct session *s = answer_session(&w->answer);
	if (s)
		s->n_handing_out_bytes -= c->n_bytes;
	c->n_bytes = 0;
}

static void finish(struct wait *w)
{
	struct consumer_read *c = w->op;
	struct consumer_stream *stream = stream_of(w);
	answer_is_made(w, c);
	drop_chosen(c);
	news_wait_end(&c->news);
	if (c->is_woken)
		news_wake(w->answer.chat, c->news.subscription_no);
	if (stream)
		consumer_stream_end(stream);
}

static void begin_stream(struct consumer_stream *stream, struct wait *w)
{
	if (!w->is_stream)
		wait_as_stream(w);
	consumer_stream_begin(stream);
}

static void stream_events(struct consumer_stream *stream, struct wait *w, struct consumer_read *c)
{
	for (size_t i = 0; i < c->n_handed_out; i++) {
		const struct handed_out *h = &c->handed_out[i];
		consumer_stream_add(stream, c->op.events[h->at].event, h->delivery, h->tries);
	}
	drop_chosen(c);
	begin_stream(stream, w);
	consumer_stream_send(stream, w, read_again);
}

static void answer_events(const struct wait *w, const struct consumer_read *c)
{
	auto_buf data = BUF_INIT;
	buf_append_str(&data, "{\"events\":[");
	for (size_t i = 0; i < c->n_handed_out; i++) {
		const struct handed_out *h = &c->handed_out[i];
		if (i > 0)
			buf_append_byte(&data, ',');
		consumer_encode_event(&data, c->op.events[h->at].event, h->delivery, h->tries, NULL);
	}
	buf_appendf(&data, "],\"more\":%s}", c->op.more ? "true" : "false");
	answer_ok(&w->answer, &data);
}

/* Many answers may be under way at once, but those of a stream. A client that does not read them costs the outbox and about one page. */
static bool may_answer(const struct wait *w, struct consumer_read *c)
{
	struct session *s = answer_session(&w->answer);
	uint64_t n_bytes = 0, most = w->answer.chat->config.limits.page_bytes;
	for (size_t i = 0; i < c->n_handed_out; i++)
		n_bytes += c->op.events[c->handed_out[i].at].event->frame_bytes;
	if (conn_is_full(s->follower.conn) || (most && s->n_handing_out_bytes > 0 && s->n_handing_out_bytes + n_bytes > most))
		return false;
	c->n_bytes = n_bytes;
	s->n_handing_out_bytes += n_bytes;
	return true;
}

static struct subscription_change *change(struct consumer_read *c, const struct event *e, enum subscription_state state)
{
	struct subscription_change *change = &c->changes[c->move.n_changes++];
	*change = (struct subscription_change){.room_no = e->room_no, .seq = e->seq, .state = state};
	return change;
}

static void hand_out(struct consumer_read *c, size_t at)
{
	const struct subscription_event *e = &c->op.events[at];
	struct subscription_change *to = change(c, e->event, SUBSCRIPTION_EVENT_WAITS);
	to->tries = e->tries + 1;
	to->wait_ms = c->op.subscription.ack_wait_ms;
	to->delivery = (c->op.subscription.fence + 1) * DELIVERIES_OF_FENCE + c->n_handed_out;
	c->handed_out[c->n_handed_out++] = (struct handed_out){at, to->delivery, to->tries};
}

static void choose_again(struct consumer_read *c, size_t at, uint64_t most_aside)
{
	const struct subscription_event *e = &c->op.events[at];
	if (!filter_takes(&c->filter, e->event)) {
		change(c, e->event, SUBSCRIPTION_EVENT_DONE);
	} else if (e->tries >= c->op.subscription.max_tries && (most_aside == 0 || c->op.n_aside + c->n_aside < most_aside)) {
		struct subscription_change *aside = change(c, e->event, SUBSCRIPTION_EVENT_ASIDE);
		aside->tries = e->tries;
		aside->delivery = e->delivery;
		c->n_aside++;
	} else {
		hand_out(c, at);
	}
}

/* Puts the cursor of the event's room behind it: the events of a room follow each other. */
static void pass(struct consumer_read *c, const struct event *e)
{
	struct subscription_cursor *last = c->move.n_cursors > 0 ? &c->cursors[c->move.n_cursors - 1] : NULL;
	if (!last || last->room_no != e->room_no) {
		last = &c->cursors[c->move.n_cursors++];
		last->room_no = e->room_no;
	}
	last->seq = e->seq;
}

/* The first event of a room among those behind the cursors: each room is the first one in its turn. */
static size_t some_room(const struct consumer_read *c)
{
	size_t n_again = c->op.n_again, n = c->op.n_events - n_again;
	size_t at = n_again + (n > 1 ? secret_random_below((uint32_t)n) : 0);
	while (at > n_again && c->op.events[at - 1].event->room_no == c->op.events[at].event->room_no)
		at--;
	return at;
}

/* Looks at an event behind a cursor. False: as much as may be is handed out. */
static bool choose_new(struct consumer_read *c, size_t at, uint64_t limit, uint64_t most_waiting)
{
	const struct event *e = c->op.events[at].event;
	if (c->n_handed_out == limit)
		return false;
	if (filter_takes(&c->filter, e)) {
		if (most_waiting != 0 && c->op.n_waiting >= most_waiting)
			return false;
		c->op.n_waiting++;
		hand_out(c, at);
	}
	pass(c, e);
	return true;
}

/* Of what was read; up to `limit` events, and to what may be handed out and not acknowledged. */
static void choose(struct consumer_read *c, uint64_t limit, const struct limits *limits)
{
	size_t n = c->op.n_events, n_again = c->op.n_again, i = 0;
	c->cursors = mem_zalloc((n + 1) * sizeof(*c->cursors));
	c->changes = mem_zalloc((n + 1) * sizeof(*c->changes));
	c->handed_out = mem_zalloc((n + 1) * sizeof(*c->handed_out));
	for (; i < n_again && c->n_handed_out < limit; i++)
		choose_again(c, i, limits->consumer_set_aside);
	size_t n_new = n - n_again, first = some_room(c), n_seen = 0;
	if (i == n_again)
		while (n_seen < n_new && choose_new(c, n_again + (first - n_again + n_seen) % n_new, limit, limits->consumer_waiting))
			n_seen++;
	bool is_full = i == n_again && n_new > 0 && limits->consumer_waiting != 0 && c->op.n_waiting >= limits->consumer_waiting;
	c->op.more = !is_full && (c->op.more || i + n_seen < n); /* not before something is acknowledged, which wakes */
}

static void moved(struct wait *w)
{
	struct consumer_read *c = w->op;
	struct consumer_stream *stream = stream_of(w);
	if (consumer_failed(w))
		return;
	bool goes_on = c->move.is_lost || c->n_handed_out == 0; /* a log of any length may hold nothing that the filter takes */
	if (goes_on && (!c->news.is_over || c->n_looks < LOOKS)) {
		answer_is_made(w, c);
		drop_chosen(c);
		read_again(w);
		return;
	}
	c->op.more |= goes_on;
	c->is_woken = false;
	if (c->op.more)
		news_wake(w->answer.chat, c->op.subscription.no);
	if (stream)
		stream_events(stream, w, c);
	else
		answer_events(w, c);
}

static void move(struct wait *w, struct consumer_read *c)
{
	const struct data_consumer_read *d = &w->request.data.consumer_read;
	c->move.subscription_no = c->op.subscription.no;
	c->move.fence = c->op.subscription.fence;
	c->move.takes = true;
	c->move.worker = d->worker;
	c->move.cursors = c->cursors;
	if (c->move.n_cursors > 0)
		c->op.after_room_no = c->cursors[c->move.n_cursors - 1].room_no;
	c->move.changes = c->changes;
	wait_also(w, STORE_SUBSCRIPTION_MOVE, &c->move.op, moved);
}

/* There is nothing to hand out. */
static void wait_for_news(struct wait *w, struct consumer_read *c)
{
	struct consumer_stream *stream = stream_of(w);
	drop_chosen(c);
	if (stream)
		begin_stream(stream, w);
	wait_pause(w);
	news_wait_go(&c->news, c->op.subscription.no);
}

/* Of a stream that begins: what its worker has done. Whether there is some. */
static bool acknowledge(struct wait *w, struct consumer_read *c)
{
	struct consumer_stream *stream = stream_of(w);
	uint64_t up_to = stream ? consumer_stream_take_done(stream) : 0;
	if (up_to == 0)
		return false;
	c->ack.subscription_no = c->op.subscription.no;
	c->ack.worker = w->request.data.consumer_read.worker;
	c->ack.up_to = up_to;
	wait_also(w, STORE_SUBSCRIPTION_ACK, &c->ack.op, acknowledged);
	return true;
}

/* Goes on with what was read. */
static void was_read(struct wait *w)
{
	struct consumer_read *c = w->op;
	const struct limits *limits = &w->answer.chat->config.limits;
	if (w->result == -EACCES) {
		answer_error(&w->answer, WIRE_INVALID_TOKEN, NULL, 0);
		return;
	}
	if (consumer_failed(w) || !answer_session(&w->answer)) /* nobody is there to be handed anything */
		return;
	if (acknowledge(w, c))
		return;
	if (!filter_parse(&c->filter, c->op.subscription.filter)) {
		answer_damaged(&w->answer, NULL);
		return;
	}
	c->n_looks++;
	c->move = (struct store_subscription_move){0};
	choose(c, w->request.data.consumer_read.limit, limits);
	if (c->n_handed_out > 0 && !stream_of(w) && !may_answer(w, c)) {
		c->n_handed_out = 0;
		c->op.more = true;
		answer_events(w, c);
		return;
	}
	if (c->move.n_changes > 0 || c->move.n_cursors > 0) {
		move(w, c);
		return;
	}
	c->is_woken = false;
	if (c->news.is_over && !stream_of(w))
		answer_events(w, c);
	else
		wait_for_news(w, c);
}

static void acknowledged(struct wait *w)
{
	if (!consumer_failed(w))
		read_again(w);
}

static void read_again(struct wait *w)
{
	struct consumer_read *c = w->op;
	if (c->news.is_over && stream_of(w))
		return; /* the server ends */
	store_op_finish(&c->op.op);
	c->op.limit = LOOK_AT;
	c->news.has_news = false;
	wait_also(w, STORE_SUBSCRIPTION_READ, &c->op.op, was_read);
}

static void woken(struct news_wait *waited)
{
	struct consumer_read *c = list_entry(waited, struct consumer_read, news);
	c->is_woken = true;
	wait_resume(c->wait, read_again);
}

void handle_consumer_read(struct call *call)
{
	struct consumer_read *c = wait_store_with(call, STORE_SUBSCRIPTION_READ, sizeof(*c), was_read, finish);
	const struct data_consumer_read *d = &call->request->data.consumer_read;
	const struct session *s = call->session;
	c->wait = wait_of(c);
	c->op.which = subscription_ref_of(call, SUBSCRIPTION_CONSUMER, d->consumer);
	c->op.by_token = s->has_token_hash;
	memcpy(c->op.token_hash, s->token_hash, sizeof(c->op.token_hash));
	c->op.limit = d->limit < LOOK_AT_LEAST ? LOOK_AT_LEAST : d->limit;
	c->op.limit_bytes = call->chat->config.limits.page_bytes;
	news_wait_begin(&c->news, call->session, consumer_stream_of(s) ? NEWS_WAIT_FOREVER : d->wait_ms, woken);
	wait_go(c);
}
