/*
 * What concerns one account is told to all of its sessions: a read mark, a room that was joined or left.
 *
 * An account may have many sessions, and each has to be written to. So it is told in slices, as a sweep goes: config.sweep_slice sessions a turn, whatever
 * number of accounts has news, which take turns. Each session gets the news of its account in the order in which they came; sessions that
 * enter later know them from their sign-in. A session that is told of a new room gets its reader there in the same moment, so that no event of the
 * room comes before.
 *
 * A session that is `starting` is passed over: user.n_told tells it that its state has to be made anew.
 *
 * The news of an account belong to its user and go with its last session. They are bounded by USER_NEWS_MOST: beyond that all sessions are closed, and
 * their clients come back for the whole state.
 */
#ifndef PARLEY_CHAT_USER_NEWS_H
#define PARLEY_CHAT_USER_NEWS_H

#include "chat/chat_state.h"

enum { USER_NEWS_MOST = 4096 };

/* read.marked, to all WebSockets and event streams of the user but `except` (or NULL), which knows. Of several marks of a room that wait, only the newest is told. */
void user_news_read_marked(struct member *m, const struct session *except);
/* room.added, to the WebSockets that have no reader there yet. `m` is new: so far none has. */
void user_news_room_added(struct member *m);
/* The session's reply is about to say that it is in the room (NULL: it is gone): its reader begins behind what the reply tells. */
void user_news_room_entered(struct member *m, struct session *s);
/* room.removed. The readers are gone at once, from all sessions; event streams of the room are closed. `m` is about to be removed. */
void user_news_room_removed(struct member *m, const struct session *except);
/* The session leaves its user. */
void user_news_forget(struct session *s);
/* The session knows by now what its user's sessions were told, and is told what comes. */
void user_news_enter_again(struct session *s);
/* One slice; the hook at the end of every turn, before replies go out. */
void user_news_turn(struct chat *c);

#endif
