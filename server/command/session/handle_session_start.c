/*
 * Signing in: with a token, the page's cookie, or as a new guest. The reply is the whole state that a client needs. Each room's reader begins behind the last_seq
 * that the reply tells, so nothing between the snapshot and the first live event is lost or doubled.
 *
 * An account may be in many rooms, so the state is made in slices, one a turn, each as long as a slice of a sweep (config.sweep_slice). Until the reply is made the
 * session is `starting`: its readers wait (reader_serve()), and news of the account pass it by (user_news.c). If there were any meanwhile, the state is made again;
 * after AFRESH_MAX times it is made in one turn.
 */
#include "chat/rate.h"
#include "chat/session.h"
#include "chat/sign_in.h"
#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"
#include "room/reader.h"

#include <stdlib.h>
#include <string.h>

enum { ROOMS_FOR_A_WRITE = 16, AFRESH_MAX = 3 }; /* a room costs about a sixteenth of what a write to a reader does */

struct start {
	struct wait wait;
	char *token; /* the token that was used, to set the cookie again */
	struct chat_slice slice;
	struct buf data;   /* the reply so far */
	uint32_t n_rooms;  /* rooms that are in it */
	uint32_t n_told;   /* user.n_told when it began */
	unsigned n_afresh; /* how often it began again */
};

static void encode_head(struct buf *data, const struct user *u, const char *new_token)
{
	buf_append_str(data, "{\"user\":");
	state_encode_user(data, &u->id, u->name, u->kind, u->role);
	if (new_token)
		buf_appendf(data, ",\"token\":\"%s\"", new_token);
	buf_appendf(data, ",\"epoch\":\"%s\",\"rooms\":[", u->chat->epoch);
}

static int compare_cursor(const void *room, const void *cursor)
{
	return memcmp(room, &((const struct cursor *)cursor)->room, sizeof(struct uid));
}

static uint64_t first_seq(const struct session *s, const struct room *r, const struct data_session_start *d)
{
	const struct cursor *named = NULL;
	if (d->n_resume)
		named = bsearch(&r->id, d->resume, d->n_resume, sizeof(*d->resume), compare_cursor); /* they come sorted by room */
	if (named && d->epoch.s && !chat_epoch_is(s->chat, d->epoch))
		return READER_SEQ_RESTORED;
	return (named ? named->seq : r->feed.last_seq) + 1;
}

/* Adds the rooms behind the first `skip`, at most `most`: each to the reply, and a reader for it. Returns their number. */
static uint32_t add_rooms(struct buf *data, struct session *s, const struct data_session_start *d, uint32_t skip, uint32_t most)
{
	uint32_t at = 0, end = most < UINT32_MAX - skip ? skip + most : UINT32_MAX;

	for (struct list *it = s->user->members.next; it != &s->user->members && at < end; it = it->next, at++) {
		if (at < skip)
			continue;
		struct member *m = list_entry(it, struct member, in_user);
		if (at > 0)
			buf_append_byte(data, ',');
		state_encode_room(data, m->room, m);
		if (s->follower.transport == TRANSPORT_WEBSOCKET)
			reader_attach(&s->follower, m->room, &m->readers, first_seq(s, m->room, d));
	}
	return at > skip ? at - skip : 0;
}

static void reply(struct session *s, const struct answer *a, struct buf *data)
{
	buf_append_str(data, "]}");
	answer_ok(a, data);
	s->follower.starting = false;
}

/* ---- with a token ---- */

static void end_start(struct start *start)
{
	buf_finish(&start->data);
	wait_end(&start->wait);
	secret_wipe(start->token, strlen(start->token));
	free(start->token);
	free(start);
}

static void begin_state(struct start *start, struct session *s)
{
	list_for_each_safe(it, &s->follower.readers)
		reader_detach(list_entry(it, struct reader, in_follower));
	buf_clear(&start->data);
	encode_head(&start->data, s->user, NULL);
	start->n_rooms = 0;
	start->n_told = s->user->n_told;
}

/* Makes one slice. Whether the state is whole. */
static bool go_on(struct start *start, struct session *s)
{
	if (start->n_told != s->user->n_told) {
		start->n_afresh++;
		begin_state(start, s);
	}
	uint32_t most = start->n_afresh < AFRESH_MAX ? s->chat->rooms.config.sweep_slice * ROOMS_FOR_A_WRITE : UINT32_MAX;
	uint32_t n = add_rooms(&start->data, s, &start->wait.request.data.session_start, start->n_rooms, most);
	start->n_rooms += n;
	return n < most;
}

static void finish_start(struct start *start, struct session *s)
{
	s->follower.on_gap = start->wait.request.data.session_start.on_gap;
	reply(s, &start->wait.answer, &start->data);
	user_news_enter_again(s);
	if (s->follower.transport == TRANSPORT_WEBSOCKET)
		conn_want_writable(s->follower.conn); /* its readers may have waited */
	end_start(start);
}

static bool next_slice(struct chat_slice *slice)
{
	struct start *start = list_entry(slice, struct start, slice);
	struct session *s = answer_session(&start->wait.answer);
	if (!s || !s->user) {
		end_start(start);
	} else if (s->user->is_void) {
		answer_void(&start->wait.answer);
		end_start(start);
	} else if (go_on(start, s)) {
		finish_start(start, s);
	} else {
		return true;
	}
	return false;
}

static void drop(struct chat_slice *slice)
{
	end_start(list_entry(slice, struct start, slice));
}

static void signed_in(struct session *s, enum wire_error error, void *arg)
{
	struct start *start = arg;
	if (!s || error != WIRE_OK) {
		if (s) {
			s->follower.starting = false;
			answer_sign_in_refused(s, &start->wait.answer, error);
		}
		end_start(start);
		return;
	}
	trail_token_taken(s);
	conn_set_cookie(s->follower.conn, start->token);
	begin_state(start, s);
	if (go_on(start, s)) {
		finish_start(start, s);
		return;
	}
	start->slice = (struct chat_slice){.go_on = next_slice, .drop = drop};
	list_append(&s->chat->slices, &start->slice.in_chat);
	loop_again(s->chat->loop);
}

static void start_with_token(struct call *call, const char *token, size_t n)
{
	struct start *start = mem_new(struct start);
	start->token = mem_strndup(token, n);
	call->session->follower.starting = true;
	if (token != call->session->token)
		call->session->token_is_cookie = call->session->token_may_be_anothers = false;
	wait_begin(&start->wait, call, NULL);
	sign_in_by_token(call->session, start->token, n, signed_in, start);
}

/* ---- as a guest ---- */

static void guest_made(struct wait *w)
{
	const struct account_make *m = w->op;
	struct session *s = answer_session(&w->answer);
	if (!s)
		return; /* the guest left before this */
	auto_free char *name = mem_strndup(m->op.name.s, m->op.name.n);
	struct store_user known = {.no = m->op.user_no, .id = m->op.id, .kind = USER_GUEST, .name = name};
	struct user *u = user_load(w->answer.chat, &known, NULL, 0);
	session_enter(s, u, m->op.token_hash, TOKEN_SESSION);
	s->follower.on_gap = w->request.data.session_start.on_gap;
	conn_set_cookie(s->follower.conn, m->token);
	auto_buf data = BUF_INIT;
	encode_head(&data, u, m->token);
	reply(s, &w->answer, &data); /* a new guest is in no room */
}

static void start_as_guest(struct call *call)
{
	if (!call->chat->config.guests) {
		call_error(call, WIRE_GUESTS_OFF, NULL);
		return;
	}
	if (call_must_wait(call, sign_in_admit(call->session), NULL))
		return;
	struct account_make *m = NULL;
	if (!call_must_wait(call, rate_account_made(call->session), "too many guests from this address"))
		m = account_make_begin(call, call->request->data.session_start.guest, USER_GUEST, guest_made);
	if (!m) {
		sign_in_give_back(call->session);
		return;
	}
	call->session->follower.starting = true;
	account_make_go(m, (struct text){0});
}

void handle_session_start(struct call *call)
{
	struct session *s = call->session;
	const struct data_session_start *d = &call->request->data.session_start;
	if (s->user || s->follower.starting)
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
