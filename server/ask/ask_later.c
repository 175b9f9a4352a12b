#include "ask/ask_later.h"

#include "ask/ask_answer.h"
#include "ask/ask_reply.h"
#include "chat/rate.h"
#include "chat/session.h"
#include "command/trail.h"
#include "hook/hook_body.h"
#include "hook/hook_post.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_BUSY_MS = 1000 };

struct later {
	struct store_ask_reply reply;
	struct chat *chat;
	uint64_t session_id;
	char epoch[STORE_EPOCH_BYTES + 1];
	struct hook_request *request;
};

static void end(struct later *l, int status, const char *word, uint32_t retry_after_ms)
{
	const struct session *s = session_by_id(l->chat, l->session_id);
	struct metrics *m = l->chat->metrics;
	metric_add(status == 200 ? &m->hook_posts_total : &m->hook_refusals_total, 1);
	if (s)
		conn_append_text(s->follower.conn, status, word, retry_after_ms);
	l->chat->n_pending--;
	store_op_finish(&l->reply.op);
	hook_request_free(l->request);
	free(l);
}

/* The same words as for a post (hook/hook_post.h). */
static void ended(void *arg, int result)
{
	if (result == 0)
		end(arg, 200, "ok", 0);
	else if (result == -EBADMSG)
		end(arg, 500, "internal_error", 0);
	else
		end(arg, 503, "service_unavailable", RETRY_BUSY_MS);
}

static void say(struct later *l, struct asks *a)
{
	const struct hook_request *r = l->request;
	struct text body = {.s = r->body.data ? (const char *)r->body.data : "", .n = r->body.len};
	const struct ask_answer to = {.at = {l->reply.room.no, l->reply.room.id},
				      .hook = &l->reply.hook,
				      .asker_no = l->reply.asker_no,
				      .asker_is_hook = l->reply.asker_kind == USER_HOOK,
				      .hops = l->reply.hops,
				      .command = l->reply.command};
	struct hook_post said = {0};
	auto_buf made = BUF_INIT;
	bool is_for_room = false;
	struct text payload = hook_body_payload(hook_request_field(r, HOOK_CONTENT_TYPE), body, &made);
	enum ask_reply result = payload.s ? ask_reply_read(payload, &is_for_room, &said) : ASK_REPLY_NO_SENSE;
	if (result == ASK_REPLY_SAYS && is_for_room) {
		ask_answer_post(a, &to, &said, ended, l);
	} else if (result == ASK_REPLY_NO_SENSE) {
		end(l, 400, "invalid_payload", 0);
	} else {
		hook_post_cut(&said.text, l->chat->config.limits.text_bytes, HOOK_CUT_MARK);
		if (result == ASK_REPLY_SAYS)
			ask_answer_aside(a, &to, &said.text);
		end(l, 200, "ok", 0);
	}
	hook_post_finish(&said);
}

/* Somebody may be guessing. */
static void end_unknown(struct later *l)
{
	static const char word[] = "expired_url";
	const struct session *s = session_by_id(l->chat, l->session_id);
	if (s)
		trail_hook_refused(s, word);
	end(l, 404, word, 0);
}

static void taken(struct store_op *op)
{
	struct later *l = op->arg;
	struct asker *asker = l->chat->asker;
	if (op->result == -ENOENT || !asker)
		end_unknown(l);
	else if (op->result == -EDQUOT)
		end(l, 404, "used_url", 0);
	else if (op->result != 0 || strcmp(l->epoch, l->chat->epoch) != 0)
		ended(l, op->result ? op->result : -EBUSY);
	else
		say(l, asks_of(asker));
}

void ask_later_take(struct session *s, struct hook_request *r)
{
	struct chat *c = s->chat;
	struct later *l = mem_new(struct later);
	metric_add(&c->metrics->requests_total, 1);
	l->chat = c;
	l->session_id = s->id;
	l->request = r;
	c->n_pending++;
	memcpy(l->epoch, c->epoch, sizeof(l->epoch));
	l->reply.op = (struct store_op){.kind = STORE_ASK_REPLY, .done = taken, .arg = l};
	uint32_t wait_ms = rate_request(s, 0);
	if (wait_ms) {
		end(l, 429, "rate_limited", wait_ms);
		return;
	}
	secret_token_hash(r->token, strlen(r->token), l->reply.token_hash);
	if (c->store->methods->submit(c->store, &l->reply.op) != 0)
		ended(l, -EBUSY);
}
