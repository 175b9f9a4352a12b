#include "command/trail.h"

#include "base/log.h"
#include "chat/rate.h"
#include "chat/session.h"
#include "command/answer.h"
#include "command/rights.h"
#include "store/person.h"

#include <stdio.h>

enum { MINUTE_MS = 60000, FIELDS_MAX = 8, SUBJECT_BYTES = 256 }; /* SUBJECT_BYTES: the log cuts subjects shorter */

/* The lines. NULL: no line. */
static const struct {
	const char *done, *failed, *subject;
} words[] = {
	[TRAIL_SIGN_IN] = {"sign_in.done", "sign_in.failed", "account"},
	[TRAIL_SIGN_OUT] = {"sign_out.done", "sign_out.failed", "account"},
	[TRAIL_ACCOUNT] = {"account.created", NULL, "account"},
	[TRAIL_BOT] = {"bot.created", NULL, "account"},
	[TRAIL_OWNER] = {"account.created", "sign_in.failed", "account"},
	[TRAIL_HOOK_CREATE] = {"hook.created", NULL, "hook"},
	[TRAIL_HOOK_ROTATE] = {"hook.rotated", NULL, "hook"},
	[TRAIL_HOOK_DELETE] = {"hook.deleted", NULL, "hook"},
	[TRAIL_OPERATOR] = {"admin.done", "admin.failed", "subject"},
};

static const char *how_of_token(const struct session *s)
{
	return s->token_is_cookie ? "cookie" : "token";
}

/* ---- what a request is about ---- */

static struct room_ref named(struct text name)
{
	return (struct room_ref){.given = name.s != NULL, .name = name};
}

static struct trail operators(struct room_ref subject, const char *how)
{
	return (struct trail){.kind = TRAIL_OPERATOR, .subject = subject, .how = how};
}

static struct room_ref identified(const struct uid *id)
{
	return (struct room_ref){.given = true, .is_id = true, .id = *id};
}

static struct trail trail_of_request(const struct request *r)
{
	switch (r->command) {
	case CMD_SESSION_START: /* a sign-in with a token gets its line where the token is checked (sign_in.c) */
		if (!r->data.session_start.guest.s)
			break;
		return (struct trail){.kind = TRAIL_SIGN_IN, .how = "guest", .subject = named(r->data.session_start.guest)};
	case CMD_ACCOUNT_LOGIN:
		return (struct trail){.kind = TRAIL_SIGN_IN, .how = "password", .subject = named(r->data.account_login.name)};
	case CMD_ACCOUNT_LOGOUT:
		return (struct trail){.kind = TRAIL_SIGN_OUT, .how = r->data.account_logout.everywhere ? "everywhere" : "here"};
	case CMD_ACCOUNT_CREATE:
		if (r->data.account_create.owner_code.s)
			return (struct trail){.kind = TRAIL_OWNER, .how = "owner_code", .subject = named(r->data.account_create.name)};
		return (struct trail){.kind = TRAIL_ACCOUNT, .subject = named(r->data.account_create.name)};
	case CMD_BOT_CREATE:
		return (struct trail){.kind = TRAIL_BOT, .subject = named(r->data.bot_create.name)};
	case CMD_HOOK_CREATE:
		return (struct trail){.kind = TRAIL_HOOK_CREATE, .subject = named(r->data.hook_create.name)};
	case CMD_HOOK_ROTATE:
		return (struct trail){.kind = TRAIL_HOOK_ROTATE, .subject = identified(&r->data.hook_rotate.hook)};
	case CMD_HOOK_DELETE:
		return (struct trail){.kind = TRAIL_HOOK_DELETE, .subject = identified(&r->data.hook_delete.hook)};
	case CMD_ADMIN_OWNER:
		return operators(named(r->data.admin_owner.name), r->data.admin_owner.password.s ? "create" : "promote");
	case CMD_ADMIN_ACCOUNT:
		return operators(named(r->data.admin_account.name), NULL);
	case CMD_ADMIN_BOT:
		return operators(named(r->data.admin_bot.name), r->data.admin_bot.renew ? "renew" : "create");
	case CMD_ADMIN_PASSWORD:
		return operators(named(r->data.admin_password.name), NULL);
	case CMD_ADMIN_EXPORT:
		if (r->data.admin_export.after > 0)
			break; /* a further page: the first one had the line */
		return operators(r->data.admin_export.room, NULL);
	case CMD_ADMIN_BACKUP:
		return operators(named(r->data.admin_backup.path), NULL);
	case CMD_COUNT: /* not understood */
		break;
	default: /* a later command of the operator's socket gets a line without a subject */
		if (rights_access(r->command) == ACCESS_OPERATOR)
			return operators((struct room_ref){0}, NULL);
	}
	return (struct trail){0};
}

struct trail trail_of(const struct call *call)
{
	struct trail t = trail_of_request(call->request);
	const struct session *s = call->session;
	if (t.kind == TRAIL_NONE)
		return t;
	if (t.kind == TRAIL_OPERATOR && !s->operator_socket)
		return (struct trail){0}; /* refused like any other forbidden request */
	t.command = call->request->command;
	t.asker = call->user;
	t.asker_uid = s->operator_socket ? conn_peer_uid(s->follower.conn) : -1;
	return t;
}

/* ---- lines ---- */

/* The fields, in the order in which the line shows them. */
struct line {
	struct log_field fields[FIELDS_MAX];
	size_t n;
	char subject[SUBJECT_BYTES], id[UID_TEXT_BYTES + 1];
};

static void add(struct line *l, struct log_field field)
{
	if (l->n < FIELDS_MAX)
		l->fields[l->n++] = field;
}

static void add_string(struct line *l, const char *name, const char *value)
{
	if (value)
		add(l, LOG_S(name, value));
}

static void add_subject(struct line *l, const char *name, const struct room_ref *subject)
{
	if (!subject->given)
		return;
	if (subject->is_id)
		uid_format(&subject->id, l->subject);
	else
		snprintf(l->subject, sizeof(l->subject), "%.*s", (int)(subject->name.n < SUBJECT_BYTES ? subject->name.n : SUBJECT_BYTES),
			 subject->name.s);
	add_string(l, name, l->subject);
}

static void add_user(struct line *l, const struct user *u)
{
	uid_format(&u->id, l->id);
	add_string(l, "id", l->id);
	add_string(l, "kind", person_kind(u->kind));
	add_string(l, "account", u->name);
}

/* Whether a line is left. The first time none is, a last line says so. */
static bool spend(struct chat *c, struct trail_budget *b, const char *address, struct line *l)
{
	if (bucket_take(&b->lines, TRAIL_LINES_PER_MINUTE, MINUTE_MS, TRAIL_LINES_PER_MINUTE, loop_now_ms(c->loop)) != 0) {
		if (b->n_unlogged++ == 0)
			LOG_INFO("sign_in.unlogged", LOG_S("address", address),
				 LOG_S("consequence",
				       "more sign-ins of this kind are only counted, and told with the next one that is logged"));
		return false;
	}
	if (b->n_unlogged > 0)
		add(l, LOG_U("unlogged", b->n_unlogged));
	b->n_unlogged = 0;
	return true;
}

static void say_operator(const struct trail *t, const char *event, const char *reason)
{
	struct line l = {.n = 0};
	add(&l, LOG_I("uid", t->asker_uid));
	add_string(&l, "reason", reason);
	add_string(&l, "command", command_type(t->command));
	add_string(&l, "how", t->how);
	add_subject(&l, words[t->kind].subject, &t->subject);
	log_write(LOG_LEVEL_INFO, event, l.fields, l.n);
}

void trail_answered(const struct answer *a, enum wire_error code)
{
	const struct trail *t = &a->trail;
	const char *event = t->kind == TRAIL_NONE ? NULL : code == WIRE_OK ? words[t->kind].done : words[t->kind].failed;
	const char *reason = code == WIRE_OK ? NULL : wire_error_code(code);
	if (!event)
		return;
	if (t->kind == TRAIL_OPERATOR) {
		say_operator(t, event, reason);
		return;
	}
	struct session *s = session_by_id(a->chat, a->session_id);
	struct line l = {.n = 0};
	const char *address = s ? conn_address(s->follower.conn) : "";
	add_string(&l, "address", address);
	add_string(&l, "reason", reason);
	add_string(&l, "how", t->how);
	if (s && reason && !spend(a->chat, rate_trail(s), address, &l))
		return;
	if (t->kind == TRAIL_SIGN_OUT && t->asker)
		add_user(&l, t->asker);
	else
		add_string(&l, "by", t->asker ? t->asker->name : NULL);
	add_subject(&l, words[t->kind].subject, &t->subject);
	log_write(LOG_LEVEL_INFO, event, l.fields, l.n);
}

void trail_token_taken(struct session *s)
{
	struct line l = {.n = 0};
	const char *address = conn_address(s->follower.conn);
	if (!session_receives(s))
		return;
	add_string(&l, "address", address);
	add_string(&l, "how", how_of_token(s));
	if (!spend(s->chat, &s->user->trail, address, &l))
		return;
	add_user(&l, s->user);
	log_write(LOG_LEVEL_INFO, words[TRAIL_SIGN_IN].done, l.fields, l.n);
}

static void say_refused(const struct session *s, const char *reason, const char *how)
{
	struct line l = {.n = 0};
	const char *address = conn_address(s->follower.conn);
	add_string(&l, "address", address);
	add_string(&l, "reason", reason);
	add_string(&l, "how", how);
	if (spend(s->chat, rate_trail(s), address, &l))
		log_write(LOG_LEVEL_INFO, words[TRAIL_SIGN_IN].failed, l.fields, l.n);
}

void trail_token_refused(const struct session *s, enum wire_error error)
{
	say_refused(s, wire_error_code(error), how_of_token(s));
}

void trail_hook_refused(const struct session *s, const char *reason)
{
	say_refused(s, reason, "hook");
}
