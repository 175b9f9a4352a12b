/*
 * Signing in: with a token, the page's cookie, or as a new guest. The reply is the whole state that a client needs; the readers are
 * placed in the same turn, so nothing between the snapshot and the first live event is lost or doubled.
 */
#include "chat/account_make.h"
#include "chat/dispatch.h"
#include "chat/rate.h"
#include "chat/reader.h"
#include "chat/session.h"
#include "chat/sign_in.h"
#include "chat/state_encode.h"
#include "chat/user.h"

#include <stdlib.h>
#include <string.h>

struct start {
	struct wait wait;
	char *token; /* what was used, to set the cookie again */
};

static void encode_state(struct buf *data, const struct user *u, const char *new_token)
{
	const struct chat *c = u->chat;
	buf_append_str(data, "{\"user\":");
	state_encode_user(data, &u->id, u->name, u->kind, u->role);
	if (new_token)
		buf_appendf(data, ",\"token\":\"%s\"", new_token);
	buf_appendf(data, ",\"epoch\":\"%s\",\"rooms\":[", c->epoch);
	list_for_each(it, &u->members) {
		const struct member *m = list_entry(it, struct member, in_user);
		if (it != u->members.next)
			buf_append_byte(data, ',');
		state_encode_room(data, m->room, m);
	}
	buf_append_str(data, "]}");
}

static int compare_cursor(const void *room, const void *cursor)
{
	return memcmp(room, &((const struct cursor *)cursor)->room, sizeof(struct uid));
}

static uint64_t first_seq(const struct room *r, const struct data_session_start *d)
{
	const struct cursor *named = NULL;
	if (d->n_resume)
		named = bsearch(&r->id, d->resume, d->n_resume, sizeof(*d->resume), compare_cursor); /* they come sorted by room */
	if (named && d->epoch.s && !chat_epoch_is(r->chat, d->epoch))
		return READER_SEQ_RESTORED;
	return (named ? named->seq : r->feed.last_seq) + 1;
}

/* The reply, and a reader in every room. */
static void started(struct session *s, struct wait *w, const char *new_token)
{
	const struct data_session_start *d = &w->request.data.session_start;
	auto_buf data = BUF_INIT;
	encode_state(&data, s->user, new_token);
	answer_ok(&w->answer, &data);
	s->starting = false;
	if (s->transport != TRANSPORT_WEBSOCKET)
		return;
	s->on_gap = d->on_gap;
	list_for_each(it, &s->user->members) {
		struct member *m = list_entry(it, struct member, in_user);
		reader_attach(s, m, first_seq(m->room, d));
	}
}

/* ---- with a token ---- */

static void signed_in(struct session *s, enum wire_error error, void *arg)
{
	struct start *start = arg;
	if (s && error == WIRE_OK) {
		conn_set_cookie(s->conn, start->token);
		started(s, &start->wait, NULL);
	} else if (s) {
		s->starting = false;
		sign_in_refuse(s, &start->wait.answer, error);
	}
	wait_end(&start->wait);
	secret_wipe(start->token, strlen(start->token));
	free(start->token);
	free(start);
}

static void start_with_token(struct call *call, const char *token, size_t n)
{
	struct start *start = mem_new(struct start);
	start->token = mem_strndup(token, n);
	call->session->starting = true;
	wait_begin(&start->wait, call, NULL);
	sign_in_by_token(call->session, start->token, n, signed_in, start);
}

/* ---- as a guest ---- */

static void guest_made(struct account_make *m)
{
	struct chat *c = m->wait.answer.chat;
	struct session *s = answer_session(&m->wait.answer);
	if (!s)
		return; /* the guest left before it was one */
	buf_append_byte(&m->name, 0);
	struct store_user known = {.no = m->op.user_no, .id = m->op.id, .kind = USER_GUEST, .name = (char *)m->name.data};
	struct user *u = user_load(c, &known, NULL, 0);
	session_enter(s, u, m->op.token_hash, TOKEN_SESSION);
	conn_set_cookie(s->conn, m->token);
	started(s, &m->wait, m->token);
}

static void start_as_guest(struct call *call)
{
	if (!call->chat->config.guests) {
		call_error(call, WIRE_GUESTS_OFF, NULL);
		return;
	}
	if (call_must_wait(call, rate_account_made(call->session), "too many guests from this address"))
		return;
	struct account_make *m = account_make_begin(call, call->request->data.session_start.guest, USER_GUEST, guest_made);
	if (!m)
		return;
	call->session->starting = true;
	account_make_go(m, (struct text){0});
}

void handle_session_start(struct call *call)
{
	struct session *s = call->session;
	const struct data_session_start *d = &call->request->data.session_start;
	if (s->user || s->starting)
		call_error(call, WIRE_ALREADY_STARTED, NULL);
	else if (d->guest.s)
		start_as_guest(call);
	else if (d->token.s)
		start_with_token(call, d->token.s, d->token.n);
	else if (s->token)
		start_with_token(call, s->token, strlen(s->token));
	else
		call_error(call, WIRE_UNAUTHENTICATED, "give a token or a guest name: no session cookie came with the connection");
}
