/* Gives an outgoing webhook another secret. The one before signs too for a day, so that its receiver can be changed meanwhile. */
#include "base/clock.h"
#include "command/dispatch.h"
#include "command/webhook/webhook.h"
#include "delivery/deliveries.h"

#define OLD_SECRET_MS (INT64_C(24) * 60 * 60 * 1000)

struct rotate {
	struct store_subscription_update op; /* first: wait_next_with() needs it there */
	struct webhook_given given;
	char secret[WEBHOOK_SECRET_CHARS + 1];
};

static void wipe(struct wait *w)
{
	if (((const struct store_op *)w->op)->kind != STORE_SUBSCRIPTION_UPDATE)
		return;
	struct rotate *r = w->op;
	secret_wipe(r->secret, sizeof(r->secret));
}

static void rotated(struct wait *w)
{
	const struct rotate *r = w->op;
	auto_buf data = BUF_INIT;
	if (wait_failed(w, WIRE_NOT_FOUND, "you have no such webhook"))
		return;
	deliveries_wake(w->answer.chat, r->op.subscription_no);
	buf_appendf(&data, "{\"secret\":\"%s\"}", r->secret);
	answer_ok(&w->answer, &data);
	secret_wipe(data.data, data.len);
}

static void found(struct wait *w)
{
	if (webhook_failed(w))
		return;
	uint64_t no = ((const struct store_webhook_find *)w->op)->subscription.no;
	struct rotate *r = wait_next_with(w, STORE_SUBSCRIPTION_UPDATE, sizeof(*r), rotated);
	w->finish = wipe;
	webhook_secret_make(r->secret);
	r->op.subscription_no = no;
	r->op.order = r->op.status = -1;
	r->given = (struct webhook_given){.secret = {r->secret, WEBHOOK_SECRET_CHARS}, .old_until_ms = clock_wall_ms() + OLD_SECRET_MS};
	r->op.webhook = &r->given;
	wait_go(r);
}

void handle_webhook_rotate_secret(struct call *call)
{
	webhook_find(call, call->request->data.webhook_rotate_secret.webhook, found);
}
