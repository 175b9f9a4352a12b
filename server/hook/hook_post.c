#include "hook/hook_post.h"

#include "base/clock.h"
#include "base/memory.h"
#include "chat/apply.h"
#include "chat/asker.h"
#include "chat/rate.h"
#include "chat/session.h"
#include "command/trail.h"
#include "hook/hook_body.h"
#include "hook/hook_signature.h"
#include "hook/hook_text.h"
#include "store/person.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_BUSY_MS = 1000 };

struct post {
	struct store_hook_find find;
	struct store_append append;
	struct chat *chat;
	uint64_t session_id;
	char epoch[STORE_EPOCH_BYTES + 1]; /* that the hook was found in */
	struct hook_request *request;      /* NULL: only whether its body is let in is asked */
	uint64_t arrived_ns;
};

static void answer(const struct session *s, int status, const char *word, uint32_t retry_after_ms)
{
	struct metrics *m = s->chat->metrics;
	metric_add(status == 200 ? &m->hook_posts_total : &m->hook_refusals_total, 1);
	conn_append_text(s->follower.conn, status, word, retry_after_ms);
}

static void finish(struct post *p)
{
	p->chat->n_pending--;
	store_op_finish(&p->append.op);
	store_op_finish_data(&p->append.op);
	store_op_finish(&p->find.op);
	hook_request_free(p->request);
	free(p);
}

static void end(struct post *p, const struct session *s, int status, const char *word, uint32_t retry_after_ms)
{
	bool is_held = !p->request;
	answer(s, status, word, retry_after_ms);
	finish(p);
	if (is_held)
		conn_hold_reading(s->follower.conn, false);
}

static void refuse(struct post *p, const struct session *s, int status, const char *word)
{
	trail_hook_refused(s, word);
	end(p, s, status, word, 0);
}

/* The store could not do it. What may go well later is worth sending again. */
static void end_failed(struct post *p, const struct session *s, int result)
{
	if (result == -EBADMSG)
		end(p, s, 500, "internal_error", 0);
	else
		end(p, s, 503, "service_unavailable", RETRY_BUSY_MS);
}

static bool submit(struct post *p, struct store_op *op)
{
	return p->chat->store->methods->submit(p->chat->store, op) == 0;
}

/* ---- the message ---- */

void hook_post_cut(struct buf *text, uint64_t most, const char *mark)
{
	size_t n_mark = strlen(mark);
	if (text->len <= most)
		return;
	text->len = hook_text_cut((const char *)text->data, text->len, most > n_mark ? (size_t)most - n_mark : (size_t)most);
	if (text->len + n_mark <= most)
		buf_append_str(text, mark);
}

/* Appends a member of `as`, if it is asked for. *before is what stands before it. */
static void append_label(struct buf *b, const char **before, const char *member, const struct buf *label)
{
	if (label->len == 0)
		return;
	buf_append_str(b, *before);
	buf_append_str(b, member);
	buf_append_json_string(b, (const char *)label->data, label->len);
	*before = ",";
}

void hook_post_encode(struct buf *b, const struct store_user *author, struct hook_post *said, const struct limits *limits)
{
	const char *before = ",\"as\":{";
	buf_append_str(b, "{\"author\":");
	person_encode(b, &author->id, author->name, author->kind);
	size_t n_before = b->len;
	hook_post_cut(&said->name, limits->name_bytes, "…");
	hook_post_cut(&said->text, limits->text_bytes, HOOK_CUT_MARK);
	append_label(b, &before, "\"name\":", &said->name);
	append_label(b, &before, "\"icon\":", &said->icon);
	if (b->len > n_before)
		buf_append_byte(b, '}');
	buf_append_str(b, ",\"text\":");
	buf_append_json_string(b, (const char *)said->text.data, said->text.len);
	buf_append_byte(b, '}');
}

/* The id under which the sender repeats it; false: it names none. */
static bool read_repeat_id(const struct post *p, struct uid *out)
{
	static const struct secret_keyed_hash of_all_instances = {.key = "parley's repeats"};
	static const enum hook_field fields[] = {HOOK_WEBHOOK_ID, HOOK_GITHUB_DELIVERY, HOOK_GITLAB_EVENT_UUID, HOOK_IDEMPOTENCY_KEY};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		struct text id = hook_request_field(p->request, fields[i]);
		auto_buf named = BUF_INIT;
		if (id.n == 0)
			continue;
		buf_append(&named, p->find.hook.account.id.b, sizeof out->b);
		buf_append_str(&named, hook_field_name(fields[i]));
		buf_append_byte(&named, '=');
		buf_append(&named, id.s, id.n);
		secret_keyed_hash(&of_all_instances, named.data, named.len, out->b);
		out->b[6] = (uint8_t)((out->b[6] & 0x0F) | 0x80); /* version 8 of RFC 9562: made by a rule of one's own */
		out->b[8] = (uint8_t)((out->b[8] & 0x3F) | 0x80);
		return true;
	}
	return false;
}

static void stored(struct store_op *op)
{
	struct post *p = op->arg;
	struct event *event = p->append.event;
	int result = op->result;
	p->append.event = NULL;
	if (result == 0)
		metric_observe(&p->chat->metrics->acknowledge_seconds, clock_mono_ns() - p->arrived_ns);
	/* It is told to the room whether or not its sender is still there. */
	asker_heard(p->chat->asker, event, p->find.hops);
	apply_committed(p->chat, event);
	const struct session *s = session_by_id(p->chat, p->session_id);
	if (!s)
		finish(p);
	else if (result == 0)
		end(p, s, 200, "ok", 0);
	else
		end_failed(p, s, result);
}

static void append(struct post *p, const struct session *s, struct hook_post *said)
{
	p->append.op = (struct store_op){.kind = STORE_APPEND, .done = stored, .arg = p};
	p->append.room_no = p->find.room.no;
	p->append.author_no = p->find.hook.account.no;
	p->append.type = EVENT_MESSAGE_CREATED;
	p->append.has_client_id = read_repeat_id(p, &p->append.client_id);
	hook_post_encode(&p->append.data, &p->find.hook.account, said, &p->chat->config.limits);
	if (!submit(p, &p->append.op))
		end_failed(p, s, -EBUSY);
}

/* ---- what it says ---- */

static struct text text_of(const char *s)
{
	return (struct text){.s = s, .n = s ? strlen(s) : 0};
}

static enum hook_result read_post(const struct post *p, const struct adapter *adapter, struct hook_post *said)
{
	const struct hook_request *r = p->request;
	struct text github = hook_request_field(r, HOOK_GITHUB_EVENT);
	struct text body = {.s = r->body.data ? (const char *)r->body.data : "", .n = r->body.len};
	auto_buf made = BUF_INIT;
	struct hook_input in = {.body = hook_body_payload(hook_request_field(r, HOOK_CONTENT_TYPE), body, &made),
				.event = github.s ? github : hook_request_field(r, HOOK_GITLAB_EVENT),
				.template_text = text_of(p->find.hook.template_text),
				.may_mention = p->find.hook.may_mention,
				.text_bytes = p->chat->config.limits.text_bytes};
	if (!in.body.s)
		return HOOK_INVALID_PAYLOAD;
	return adapter_read(adapter, &in, said);
}

static void post(struct post *p, const struct session *s, const struct adapter *adapter)
{
	struct hook_post said = {0};
	switch (read_post(p, adapter, &said)) {
	case HOOK_POST:
		append(p, s, &said);
		break;
	case HOOK_NOTHING:
		end(p, s, 200, "ok", 0);
		break;
	case HOOK_NO_TEXT:
		end(p, s, 400, "no_text", 0);
		break;
	case HOOK_INVALID_PAYLOAD:
		end(p, s, 400, "invalid_payload", 0);
		break;
	}
	hook_post_finish(&said);
}

/* The last that is done with the post: the whole body may be there already, and is taken then. */
static void let_in(struct post *p, const struct session *s)
{
	finish(p);
	conn_hold_reading(s->follower.conn, false);
}

static void take_found(struct post *p, const struct session *s)
{
	const struct store_hook *hook = &p->find.hook;
	const struct adapter *adapter = adapter_find(p->request->adapter ? p->request->adapter : hook->adapter);
	if (!adapter)
		end(p, s, 404, "no_service", 0);
	else if (hook->secret && !hook_signature_is_good(p->request, hook->secret, clock_wall_ms()))
		refuse(p, s, 403, "action_prohibited");
	else
		post(p, s, adapter);
}

static void found(struct store_op *op)
{
	struct post *p = op->arg;
	const struct session *s = session_by_id(p->chat, p->session_id);
	if (!s) {
		finish(p); /* nobody waits for it, so it is sent again */
		return;
	}
	if (op->result == -ENOENT) {
		refuse(p, s, 404, "no_service");
		return;
	}
	if (op->result != 0 || strcmp(p->epoch, p->chat->epoch) != 0) {
		end_failed(p, s, op->result);
		return;
	}
	bool is_admitted = p->request && p->request->is_admitted;
	uint32_t wait_ms = is_admitted ? 0 : rate_hook_post(p->chat, p->find.token_hash);
	if (wait_ms)
		end(p, s, 429, "rate_limited", wait_ms);
	else if (p->request)
		take_found(p, s);
	else
		let_in(p, s);
}

/* Asks for the hook. r: the post, or NULL where only its body's way in is asked for. */
static void look_up(struct session *s, const char *token, struct hook_request *r)
{
	struct post *p = mem_new(struct post);
	p->chat = s->chat;
	p->session_id = s->id;
	p->request = r;
	p->arrived_ns = clock_mono_ns();
	memcpy(p->epoch, s->chat->epoch, sizeof(p->epoch));
	p->find.op = (struct store_op){.kind = STORE_HOOK_FIND, .done = found, .arg = p};
	p->append.op.kind = STORE_APPEND;
	secret_token_hash(token, strlen(token), p->find.token_hash);
	p->chat->n_pending++;
	if (!submit(p, &p->find.op))
		end_failed(p, s, -EBUSY);
}

/* Counts a request. Returns how long it has to wait. A long body counts as one: it is read and parsed only for a hook that exists, as often as the hook's own rate allows. */
static uint32_t count_request(struct session *s)
{
	metric_add(&s->chat->metrics->requests_total, 1);
	return rate_request(s, 0);
}

void hook_admit(struct session *s, struct hook_request *r)
{
	uint32_t wait_ms = count_request(s);
	if (wait_ms) {
		answer(s, 429, "rate_limited", wait_ms);
		return;
	}
	r->is_admitted = true; /* or it is refused */
	conn_hold_reading(s->follower.conn, true);
	look_up(s, r->token, NULL);
}

void hook_take(struct session *s, struct hook_request *r)
{
	uint32_t wait_ms = r->is_admitted ? 0 : count_request(s);
	if (wait_ms) {
		answer(s, 429, "rate_limited", wait_ms);
		hook_request_free(r);
		return;
	}
	look_up(s, r->token, r);
}
