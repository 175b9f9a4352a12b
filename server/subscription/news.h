/*
 * Who waits until a subscription has something to hand out. A wait of somebody who is signed in here is woken
 *
 *   - by each event that leaves the feed of a room that the owner is a member of, at the end of the turn. A room without anybody waiting at this instance costs an event one look at an
 *     empty list (struct chat_watcher);
 *   - by each server-wide event that this instance committed, where the owner owns the server;
 *   - once a second by one question to the store for all waits: what comes back is due by its clock, and of rooms that nobody follows here, and server-wide,
 *     another instance's events come this way.
 *
 * Of those who wait for the same subscription one is woken, the one who waits longest. A wake-up is a hint: who is woken reads, and may find nothing. Who cannot read, or leaves
 * something to the others, wakes the next one (news_wake()). Loop thread only.
 */
#ifndef PARLEY_SUBSCRIPTION_NEWS_H
#define PARLEY_SUBSCRIPTION_NEWS_H

#include "chat/chat_state.h"

struct news;

/* Embedded by its owner, who holds the user, and who lets it go before it is freed. */
struct news_wait {
	struct list in_news;
	struct news *news;
	struct loop_timer *timer;
	struct user *owner;
	uint64_t session_id;      /* it is over when the session is gone */
	uint64_t subscription_no; /* 0: not known yet */
	bool has_news;            /* since the last news_wait_go() */
	bool is_over;             /* there is no more waiting: the time is over, or the server ends */
	bool is_waiting;
	void (*then)(struct news_wait *w);
};

#define NEWS_WAIT_FOREVER UINT64_MAX
/* From now on news of the rooms of the session's user are noticed. wait_ms from now it is over. */
void news_wait_begin(struct news_wait *w, struct session *s, uint64_t wait_ms, void (*then)(struct news_wait *w));
/* Calls then() at the end of a turn: soon when there were news since the last call, else when there are, or when it is over. */
void news_wait_go(struct news_wait *w, uint64_t subscription_no);
/* Wakes one of those who wait for this subscription. */
void news_wake(struct chat *c, uint64_t subscription_no);
void news_wait_end(struct news_wait *w);

#endif
