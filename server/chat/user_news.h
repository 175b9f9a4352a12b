/*
 * What concerns one account is told to all of its sessions: a read mark, a room that was joined or left, what only this person sees.
 *
 * An account may have many sessions, and each has to be written to. So the news go in slices, the same way a sweep does: config.sweep_slice sessions a turn for all
 * accounts together, which take turns. Each session gets the news of its account in the order in which they came; sessions that enter later know them from their
 * sign-in. A session that is told of a new room gets its reader there in the same moment, so that no event of the room comes before.
 *
 * A session that is `starting` is passed over: user.n_told tells it to make its state again.
 *
 * The news of an account belong to its user and go with its last session. They are bounded by USER_NEWS_MOST: beyond that all sessions are closed, and their clients
 * come back for the whole state. What is not remembered is dropped beyond USER_NEWS_ASIDE_MOST.
 */
#ifndef PARLEY_CHAT_USER_NEWS_H
#define PARLEY_CHAT_USER_NEWS_H

#include "chat/chat_state.h"

enum { USER_NEWS_MOST = 4096, USER_NEWS_ASIDE_MOST = 256 };

/* Tells read.marked to all WebSockets and event streams of the user except `except` (or NULL), which knows. Of several waiting marks of a room only the newest is
 * told. */
void user_news_read_marked(struct member *m, const struct session *except);
/* Tells room.added to the WebSockets that have no reader there yet. `m` is new: so far none has. */
void user_news_room_added(struct member *m);
/* The session's reply (NULL: the session is gone) is about to say that it is in the room. Its reader begins behind what the reply tells. */
void user_news_room_entered(struct member *m, struct session *s);
/* Tells room.removed. The readers of all sessions are gone at once, and event streams of the room are closed. `m` is about to be removed. */
void user_news_room_removed(struct member *m, const struct session *except);
/* Tells an event of the room that is not remembered to those of the user's sessions that follow the room. It is dropped when too much is to be told already. */
void user_news_tell(struct member *m, const struct event *e);
/* The session leaves its user. */
void user_news_forget(struct session *s);
/* The session's state contains what its user's sessions were told so far; it is told what comes from now on. */
void user_news_enter_again(struct session *s);
/* One slice. This is the hook at the end of every turn, before replies go out. */
void user_news_turn(struct chat *c);

#endif
