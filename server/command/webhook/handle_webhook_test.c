/* Posts webhook.ping to an endpoint, and answers with what came of it. */
#include "command/dispatch.h"
#include "command/webhook/webhook.h"
#include "delivery/deliveries.h"
#include "delivery/delivery_log.h"

enum { RETRY_MS = 1000 };

struct test {
	struct store_webhook_find op; /* first: it is what was found */
	struct buf data;
};

static void finish(struct wait *w)
{
	struct test *t = w->op;
	buf_finish(&t->data);
}

static void answer(struct wait *w)
{
	const struct test *t = w->op;
	if (t->data.len > 0)
		answer_ok(&w->answer, &t->data);
	else
		answer_error(&w->answer, WIRE_UNAVAILABLE, "the server is ending, or cannot post now", 0);
}

static void pinged(void *arg, const struct webhook_outcome *o)
{
	struct wait *w = arg;
	struct test *t = w->op;
	if (o->end != WEBHOOK_CANCELLED) {
		buf_appendf(&t->data, "{\"outcome\":\"%s\"", webhook_end_word(o->end));
		delivery_log_outcome(&t->data, o);
		buf_append_byte(&t->data, '}');
	}
	wait_resume(w, answer);
}

static void refuse(struct wait *w)
{
	answer_error(&w->answer, WIRE_RATE_LIMITED, "too many webhooks are being tested", RETRY_MS);
}

static void found(struct wait *w)
{
	const struct test *t = w->op;
	if (webhook_failed(w))
		return;
	wait_pause(w);
	if (!deliveries_ping(w->answer.chat, &t->op.subscription, &t->op.webhook, pinged, w))
		wait_resume(w, refuse);
}

void handle_webhook_test(struct call *call)
{
	struct text webhook = call->request->data.webhook_test.webhook;
	struct test *t = wait_store_with(call, STORE_WEBHOOK_FIND, sizeof(*t), found, finish);
	t->op.which = subscription_ref_of(call, SUBSCRIPTION_WEBHOOK, webhook);
	wait_go(t);
}
