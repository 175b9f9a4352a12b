/*
 * Makes an incoming webhook: an account that posts to a room and does nothing else. The rule is the same as for changing the room (room_lookup_rules()).
 */
#include "chat/asker.h"
#include "chat/rate.h"
#include "codec/text_clean.h"
#include "codec/text_template.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"
#include "command/hook/hook_answer.h"
#include "command/room_lookup.h"
#include "command/typed/typed.h"
#include "webhook/webhook_sign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct make {
	struct store_hook_create op; /* first: wait_next_with() needs it there */
	struct hook_token token;
	struct asker_given asks;
	char secret[WEBHOOK_SECRET_CHARS + 1]; /* that signs what it asks */
};

static const char *const adapter_names[] = {
	[HOOK_ADAPTER_SLACK] = "slack",     [HOOK_ADAPTER_GITHUB] = "github",
	[HOOK_ADAPTER_GITLAB] = "gitlab",   [HOOK_ADAPTER_ALERTMANAGER] = "alertmanager",
	[HOOK_ADAPTER_DISCORD] = "discord", [HOOK_ADAPTER_GENERIC] = "generic",
};

static void wipe(struct wait *w)
{
	struct make *m = w->op;
	secret_wipe(&m->token, sizeof(m->token));
	secret_wipe(m->secret, sizeof(m->secret));
	asker_given_finish(&m->asks);
}

static char *copy(struct text t)
{
	return t.s ? mem_strndup(t.s, t.n) : NULL;
}

static struct store_hook_ask copy_ask(const struct store_ask_given *given)
{
	if (!given->url.s)
		return (struct store_hook_ask){0};
	return (struct store_hook_ask){.url = copy(given->url),
				       .command = copy(given->command),
				       .words = copy(given->words),
				       .hint = copy(given->hint),
				       .description = copy(given->description),
				       .hears_hooks = given->hears_hooks};
}

static void created(struct wait *w)
{
	const struct make *m = w->op;
	auto_buf data = BUF_INIT;
	if (w->result == -EDQUOT) {
		answer_error(&w->answer, WIRE_LIMIT_REACHED, "this room has as many hooks as this server allows", 0);
		return;
	}
	if (w->result == -EEXIST) {
		answer_error(&w->answer, WIRE_NAME_TAKEN, "another hook of this room has this command", 0);
		return;
	}
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	asker_changed(w->answer.chat->asker, m->op.room_no);
	struct store_hook made = {.account = {.no = m->op.account_no, .id = m->op.id, .kind = USER_HOOK, .name = copy(m->op.name)},
				  .made = {.no = w->user->no,
					   .id = w->user->id,
					   .kind = w->user->kind,
					   .name = mem_strndup(w->user->name, strlen(w->user->name))},
				  .adapter = copy(m->op.adapter),
				  .secret = copy(m->op.secret),
				  .template_text = copy(m->op.template_text),
				  .created_ms = m->op.created_ms,
				  .ask = copy_ask(&m->op.ask)};
	buf_append_str(&data, "{\"hook\":");
	hook_encode(&data, &made);
	buf_append_byte(&data, ',');
	hook_encode_url(&data, &m->token);
	if (m->op.ask.url.s) {
		buf_append_str(&data, ",\"secret\":");
		buf_append_json_string(&data, m->secret, strlen(m->secret));
	}
	buf_append_byte(&data, '}');
	store_hook_finish(&made);
	answer_ok(&w->answer, &data);
	secret_wipe(data.data, data.len);
}

static struct text text_of(const struct buf *b)
{
	return b->len ? (struct text){(const char *)b->data, b->len} : (struct text){0};
}

/* It is good: it was read before. */
static void fill_ask(struct make *m, const struct asker *asker, const json_t *json)
{
	static const struct text none = {"", 0};
	char fault[ASKER_FAULT_BYTES];
	struct asker_given *g = &m->asks;
	if (!json || !asker || !asker->methods->read(asker, json, g, fault))
		return;
	webhook_secret_make(m->secret);
	m->op.ask = (struct store_ask_given){.url = text_of(&g->url),
					     .secret = {m->secret, strlen(m->secret)},
					     .command = text_of(&g->command),
					     .words = text_of(&g->words),
					     .headers = text_of(&g->headers),
					     .ca = text_of(&g->ca),
					     .hint = g->hint.len ? text_of(&g->hint) : none,
					     .description = g->description.len ? text_of(&g->description) : none,
					     .hears_hooks = g->hears_hooks};
}

static void found(struct wait *w, struct room *r)
{
	if (!room_lookup_rules(w, r))
		return;
	const struct data_hook_create *d = &w->request.data.hook_create;
	auto_buf name = BUF_INIT, key = BUF_INIT;
	struct make *m = wait_next_with(w, STORE_HOOK_CREATE, sizeof(*m), created);
	w->finish = wipe;
	text_clean_name(d->name.s, d->name.n, 0, &name, &key); /* cannot fail: it was checked before */
	enum hook_adapter usual = d->template.s ? HOOK_ADAPTER_GENERIC : HOOK_ADAPTER_SLACK;
	const char *adapter = adapter_names[d->has_adapter ? d->adapter : usual];
	uid_random(&m->op.id, 1);
	m->op.room_no = r->no;
	m->op.created_by_no = w->user->no;
	m->op.name = wait_keep(m, &name);
	m->op.name_key = wait_keep(m, &key);
	m->op.adapter = (struct text){adapter, strlen(adapter)};
	m->op.secret = d->secret;
	m->op.template_text = d->template;
	m->op.most_hooks = w->answer.chat->config.limits.room_hooks;
	fill_ask(m, w->answer.chat->asker, d->asks);
	hook_token_make(&m->token, m->op.token_hash);
	wait_go(m);
}

/* Nothing could be signed with one that only begins as those of Standard Webhooks do. */
static bool is_misspelt(struct text secret)
{
	struct webhook_secret key = {.n = 0};
	bool is_standard =
		secret.n >= strlen(WEBHOOK_SECRET_PREFIX) && memcmp(secret.s, WEBHOOK_SECRET_PREFIX, strlen(WEBHOOK_SECRET_PREFIX)) == 0;
	bool is_bad = is_standard && !webhook_secret_parse(secret.s, secret.n, &key);
	secret_wipe(&key, sizeof(key));
	return is_bad;
}

/* Answers if it cannot be asked. */
static bool can_ask(const struct call *call, const json_t *json)
{
	const struct asker *asker = call->chat->asker;
	struct asker_given given = {.hears_hooks = false};
	char fault[ASKER_FAULT_BYTES] = "data.asks: this server asks nobody";
	if (!json)
		return true;
	bool good = asker && asker->methods->read(asker, json, &given, fault);
	buf_append_byte(&given.command, '\0');
	if (good && typed_find((const char *)given.command.data)) {
		snprintf(fault, sizeof(fault), "data.asks: command: this server has one of this name");
		good = false;
	}
	asker_given_finish(&given);
	if (!good)
		call_refuse(call, "asks", fault);
	return good;
}

void handle_hook_create(struct call *call)
{
	if (!can_ask(call, call->request->data.hook_create.asks))
		return;
	if (is_misspelt(call->request->data.hook_create.secret)) {
		call_refuse(call, "secret", "behind whsec_ there have to be 24 to 64 bytes as padded base64");
		return;
	}
	if (!text_template_is_closed(call->request->data.hook_create.template)) {
		call_refuse(call, "template", "data.template: a { has no }; {{ is a brace");
		return;
	}
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	if (!account_clean_name(call, "name", call->request->data.hook_create.name, &shown, &key))
		return;
	if (!call_must_wait(call, rate_account_made(call->session), "too many accounts from this address"))
		room_lookup(call, found);
}
