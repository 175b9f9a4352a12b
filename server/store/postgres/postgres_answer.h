/*
 * Answers to questions that are on their way, and how results reach them.
 *
 * An answer is owned by who asked, until it is let go of; then by the pipe, until its result has come. Used from the thread of the pipe.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_ANSWER_H
#define PARLEY_STORE_POSTGRES_POSTGRES_ANSWER_H

#include "store/postgres/postgres_pipe.h"

struct postgres_answer {
	struct db_answer answer; /* first */
	PGresult *result;
	int row; /* of result; -1: before the first */
	int failure;
	uint64_t group; /* in which it was asked: the pipe's n_groups then */
	bool is_wanted; /* the pipe knows it: its result has not come, or not all of it */
	bool is_let_go; /* and freed when its result has come */
	bool is_single; /* rows come one at a time */
};

static inline struct postgres_answer *postgres_answer_of(struct db_answer *answer)
{
	return (struct postgres_answer *)(void *)answer;
}

struct postgres_answer *postgres_answer_new(struct db *db, bool is_single);
/* Frees it, now or when its result has come. */
void postgres_answer_let_go(struct postgres_answer *a);
/* DB_ROW: on the next row that has come. DB_DONE: all that has come is read. */
int postgres_answer_next(struct postgres_answer *a);
/* More rows of an answer that is wanted, after what is older. `stops_at_failure`: a failure of something older is this one's too. */
int postgres_answer_fetch(struct postgres_pipe *p, struct postgres_answer *a, bool stops_at_failure);

/* Ends the group, and gives the results that come to who wants them until nothing is wanted. The first failure of them; DB_AWAY ends it. */
int postgres_settle(struct postgres_pipe *p);
/* Whoever waits is told that the connection is lost. */
void postgres_answers_forget(struct postgres_pipe *p);

#endif
