#include "ask/ask.h"

#include "ask/ask_answer.h"
#include "ask/ask_form.h"
#include "ask/ask_reply.h"
#include "ask/ask_spec.h"
#include "base/clock.h"
#include "base/memory.h"
#include "hook/hook_post.h"
#include "webhook/webhook_wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void copy_user(struct store_user *to, const struct store_user *from)
{
	*to = *from;
	to->name = mem_strndup(from->name, strlen(from->name));
}

struct ask *ask_new(struct asks *a, const struct across_place *at, const struct store_user *hook, const struct store_user *asker)
{
	struct ask *ask = mem_new(struct ask);
	list_init(&ask->link);
	ask->asks = a;
	ask->at = *at;
	ask->open.op.kind = STORE_ASK_OPEN;
	copy_user(&ask->hook, hook);
	copy_user(&ask->asker, asker);
	return ask;
}

static void ask_free(struct ask *ask)
{
	if (!list_empty(&ask->link)) {
		list_remove(&ask->link);
		ask->asks->n_open--;
	}
	webhook_endpoint_destroy(ask->endpoint);
	store_op_finish(&ask->open.op);
	store_user_finish(&ask->hook);
	store_user_finish(&ask->asker);
	free(ask->command);
	free(ask->word);
	buf_finish(&ask->text);
	if (ask->body.data)
		secret_wipe(ask->body.data, ask->body.len);
	buf_finish(&ask->body);
	secret_wipe(ask->token, sizeof(ask->token));
	free(ask);
}

static struct ask_answer answer_to(const struct ask *ask)
{
	return (struct ask_answer){.at = ask->at,
				   .hook = &ask->hook,
				   .asker_no = ask->asker.no,
				   .asker_is_hook = ask->asker.kind == USER_HOOK,
				   .hops = ask->hops,
				   .command = ask->command};
}

/* ---- what went wrong ---- */

static void tell_fault(const struct ask *ask, const char *fault)
{
	const struct ask_answer to = answer_to(ask);
	ask_answer_fault(ask->asks, &to, fault);
}

static const char *fault_of(enum webhook_end end)
{
	switch (end) {
	case WEBHOOK_TIMED_OUT:
		return "did not answer within 3 seconds.";
	case WEBHOOK_ADDRESS_REFUSED:
		return "was not asked: this server may not reach its address (--webhook-allow).";
	case WEBHOOK_NAME_NOT_FOUND:
		return "was not asked: the name of its host has no address.";
	case WEBHOOK_NOT_CONNECTED:
		return "was not asked: its service cannot be reached.";
	case WEBHOOK_TLS_FAILED:
		return "was not asked: its service speaks no TLS that this server trusts.";
	case WEBHOOK_CERTIFICATE_REFUSED:
		return "was not asked: the certificate of its service is not one that it trusts.";
	case WEBHOOK_CONNECTION_LOST:
		return "did not answer: its service closed the connection.";
	case WEBHOOK_NOT_HTTP:
		return "answered with something else than HTTP.";
	case WEBHOOK_ANSWERED:
	case WEBHOOK_CANCELLED:
		break;
	}
	return "was not asked.";
}

/* ---- the answer ---- */

static void take_reply(const struct ask *ask, struct text body)
{
	const struct ask_answer to = answer_to(ask);
	struct hook_post said = {0};
	bool is_for_room = ask->command == NULL;
	enum ask_reply result = ask_reply_read(body, &is_for_room, &said);
	if (result == ASK_REPLY_NO_SENSE) {
		tell_fault(ask, body.n >= WEBHOOK_REPLY_BYTES_MAX ? "answered with too much." : "answered with something that is no text.");
	} else if (result == ASK_REPLY_SAYS && is_for_room) {
		ask_answer_post(ask->asks, &to, &said, NULL, NULL);
	} else if (result == ASK_REPLY_SAYS) {
		hook_post_cut(&said.text, ask->asks->chat->config.limits.text_bytes, HOOK_CUT_MARK);
		ask_answer_aside(ask->asks, &to, &said.text);
	}
	hook_post_finish(&said);
}

static void answered(void *arg, const struct webhook_outcome *o)
{
	struct ask *ask = arg;
	if (o->end == WEBHOOK_ANSWERED && o->status >= 200 && o->status < 300) {
		take_reply(ask, (struct text){o->reply, o->n_reply});
	} else if (o->end == WEBHOOK_ANSWERED) {
		auto_buf fault = BUF_INIT;
		buf_appendf(&fault, "answered with an error (status %u).", o->status);
		buf_append_byte(&fault, '\0');
		tell_fault(ask, (const char *)fault.data);
	} else if (o->end != WEBHOOK_CANCELLED) {
		tell_fault(ask, fault_of(o->end));
	}
	ask_free(ask);
}

/* ---- the question ---- */

static struct webhook_sender *sender_of(struct asks *a)
{
	const struct webhook_sender_options options = {.policy = a->policy};
	if (!a->sender && !a->is_ended)
		a->sender = webhook_sender_open(a->chat->loop, &options);
	return a->sender;
}

static bool post(struct ask *ask)
{
	struct webhook_sender *sender = sender_of(ask->asks);
	struct store_ask_open *open = &ask->open;
	struct webhook_header headers[WEBHOOK_HEADERS_MAX];
	json_auto_t *json = open->headers ? json_loads(open->headers, JSON_REJECT_DUPLICATES, NULL) : NULL;
	char id[UID_TEXT_BYTES + 1];
	struct webhook_endpoint_options options = {.url = open->url,
						   .ca = open->ca,
						   .headers = headers,
						   .n_headers = webhook_headers_of(json, headers),
						   .timeout_ms = ASK_TIMEOUT_MS,
						   .content_type = "application/x-www-form-urlencoded",
						   .reply_bytes = WEBHOOK_REPLY_BYTES_MAX};
	if (!sender || !webhook_secret_parse(open->secret, strlen(open->secret), &options.secrets[0]))
		return false;
	ask_form_make(ask, clock_wall_ms());
	uid_format(&ask->id, id);
	ask->endpoint = webhook_endpoint_new(sender, &options);
	secret_wipe(options.secrets, sizeof(options.secrets));
	const struct webhook_post p = {.id = id, .body = ask->body.data, .n_body = ask->body.len, .done = answered, .arg = ask};
	return webhook_post(ask->endpoint, &p) == 0;
}

static void opened(struct store_op *op)
{
	struct ask *ask = op->arg;
	struct chat *c = ask->asks->chat;
	c->n_pending--;
	bool is_good = op->result == 0 && strcmp(ask->epoch, c->epoch) == 0;
	if (is_good && post(ask)) {
		metric_add(&c->metrics->asks_total, 1);
		return;
	}
	if (is_good || op->result != -ENOENT)
		tell_fault(ask, "was not asked. Try again later.");
	else if (ask->command)
		tell_fault(ask, "was not asked: it is gone.");
	ask_free(ask);
}

static bool has_place(const struct ask *ask)
{
	const struct asks *a = ask->asks;
	size_t n = 0;
	if (a->is_ended || a->n_open >= ASKS_OPEN_MAX)
		return false;
	list_for_each(it, &a->open)
		n += list_entry(it, struct ask, link)->hook.no == ask->hook.no;
	return n < ASKS_OF_HOOK_MAX;
}

bool ask_begin(struct ask *ask)
{
	struct asks *a = ask->asks;
	struct chat *c = a->chat;
	if (!has_place(ask)) {
		ask_free(ask);
		return false;
	}
	list_append(&a->open, &ask->link);
	a->n_open++;
	uid_random(&ask->id, 1);
	secret_token(ask->token);
	memcpy(ask->epoch, c->epoch, sizeof(ask->epoch));
	ask->open.op = (struct store_op){.kind = STORE_ASK_OPEN, .done = opened, .arg = ask};
	ask->open.account_no = ask->hook.no;
	ask->open.room_no = ask->at.room_no;
	ask->open.asker_no = ask->asker.no;
	ask->open.hops = ask->hops;
	secret_token_hash(ask->token, SECRET_TOKEN_CHARS, ask->open.token_hash);
	if (c->store->methods->submit(c->store, &ask->open.op) != 0) {
		ask_free(ask);
		return false;
	}
	c->n_pending++;
	return true;
}

static bool run(struct asker *asker, const struct asker_command *command)
{
	struct asks *a = asks_of(asker);
	const struct store_user who = {.no = command->asker_no, .id = command->asker, .name = (char *)(uintptr_t)command->asker_name};
	const struct across_place at = {command->room_no, command->room};
	struct ask *ask = ask_new(a, &at, &command->hook->account, &who);
	const char *name = command->hook->ask.command;
	ask->command = mem_strndup(name, strlen(name));
	buf_append(&ask->text, command->text.s, command->text.n);
	return ask_begin(ask);
}

/* ---- the whole ---- */

static bool read_spec(const struct asker *asker, const json_t *json, struct asker_given *out, char fault[ASKER_FAULT_BYTES])
{
	return ask_spec_read(&list_entry(asker, const struct asks, asker)->policy, json, out, fault);
}

struct asks *asks_open(struct chat *c, struct webhook_policy policy)
{
	static const struct asker_methods methods = {.heard = ask_words_heard, .run = run, .read = read_spec, .changed = ask_words_changed};
	struct asks *a = mem_new(struct asks);
	a->asker.methods = &methods;
	a->chat = c;
	a->policy = policy;
	list_init(&a->open);
	list_init(&a->rooms);
	c->asker = &a->asker;
	return a;
}

void asks_set_base(struct asks *a, const char *url)
{
	size_t n = strlen(url);
	while (n && url[n - 1] == '/')
		n--;
	free(a->base_url);
	a->base_url = mem_strndup(url, n);
}

void asks_end(struct asks *a)
{
	if (!a)
		return;
	a->is_ended = true;
	webhook_sender_close(a->sender);
	a->sender = NULL;
}

void asks_destroy(struct asks *a)
{
	if (!a)
		return;
	a->chat->asker = NULL;
	list_for_each_safe(it, &a->open)
		ask_free(list_entry(it, struct ask, link));
	ask_words_finish(a);
	free(a->base_url);
	free(a);
}
