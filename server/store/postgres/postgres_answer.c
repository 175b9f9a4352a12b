#include "store/postgres/postgres_answer.h"

#include "base/memory.h"
#include "store/postgres/postgres_statement.h"

#include <stdlib.h>

static void free_answer(struct postgres_answer *a)
{
	PQclear(a->result);
	free(a);
}

struct postgres_answer *postgres_answer_new(struct db *db, bool is_single)
{
	struct postgres_answer *a = mem_new(struct postgres_answer);

	a->answer.db = db;
	a->row = -1;
	a->is_single = is_single;
	return a;
}

void postgres_answer_let_go(struct postgres_answer *a)
{
	a->is_let_go = true;
	if (!a->is_wanted)
		free_answer(a);
}

int postgres_answer_next(struct postgres_answer *a)
{
	if (!a->result || a->row + 1 >= PQntuples(a->result))
		return DB_DONE;
	a->row++;
	return DB_ROW;
}

/* The next result of an answer that is the oldest. *is_over: there was none any more, and the answer may be freed. */
static int take_result(struct postgres_pipe *p, struct postgres_answer *a, bool *is_over)
{
	PGresult *result;
	int rc = postgres_pipe_result(p, &result);

	*is_over = rc == DB_OK && !result;
	if (*is_over) {
		a->is_wanted = false;
		if (a->is_let_go)
			free_answer(a);
	}
	if (!result)
		return rc;
	rc = postgres_pipe_judge(p, result);
	if (a->failure == DB_OK)
		a->failure = rc;
	PQclear(a->result);
	a->result = result;
	a->row = -1;
	return rc;
}

static int settle_answer(struct postgres_pipe *p, struct postgres_answer *a)
{
	int first = DB_OK;
	bool is_over = false;

	if (a->is_single && a->result && a->failure == DB_OK) /* rows that nobody read are lost */
		a->failure = DB_FAILED;
	while (!is_over) {
		int rc = take_result(p, a, &is_over);
		if (first == DB_OK)
			first = rc;
		if (rc == DB_AWAY)
			return rc;
	}
	return first;
}

/* Takes the results of the oldest, and gives them to who wants them. The first failure of them. */
static int settle_oldest(struct postgres_pipe *p)
{
	struct postgres_wanted wanted = *postgres_pipe_oldest(p);

	if (wanted.kind == POSTGRES_WANTED_ANSWER)
		return settle_answer(p, wanted.what);
	int rc = postgres_pipe_pass(p);
	if (rc != DB_OK && wanted.kind == POSTGRES_WANTED_PREPARED)
		((struct postgres_statement *)wanted.what)->is_prepared = false;
	return rc;
}

/* Until `what` is the oldest; NULL: until nothing is wanted. */
static int settle_until(struct postgres_pipe *p, const void *what)
{
	struct postgres_wanted *oldest;
	int first = DB_OK;

	while (first != DB_AWAY && (oldest = postgres_pipe_oldest(p)) && (!what || oldest->what != what)) {
		int rc = settle_oldest(p);
		if (first == DB_OK || rc == DB_AWAY)
			first = rc;
	}
	return first;
}

int postgres_settle(struct postgres_pipe *p)
{
	int rc = postgres_pipe_end_group(p);
	return rc == DB_OK ? settle_until(p, NULL) : rc;
}

int postgres_answer_fetch(struct postgres_pipe *p, struct postgres_answer *a, bool stops_at_failure)
{
	/* Changes that were queued after it wait for the commit. */
	int rc = a->group == p->n_groups ? postgres_pipe_end_group(p) : DB_OK;

	if (rc == DB_OK)
		rc = settle_until(p, a);
	if (rc != DB_OK && (rc == DB_AWAY || stops_at_failure))
		return rc;
	if (!a->is_single)
		return settle_answer(p, a);
	bool is_over;
	if (!a->result)
		postgres_pipe_rows_singly(p);
	rc = take_result(p, a, &is_over);
	if (rc != DB_AWAY && PQresultStatus(a->result) != PGRES_SINGLE_TUPLE) {
		int then = take_result(p, a, &is_over);
		rc = rc == DB_OK ? then : rc;
	}
	return rc;
}

void postgres_answers_forget(struct postgres_pipe *p)
{
	struct postgres_wanted *wanted;

	for (size_t i = 0; (wanted = postgres_pipe_wanted(p, i)); i++) {
		struct postgres_answer *a = wanted->kind == POSTGRES_WANTED_ANSWER ? wanted->what : NULL;
		if (!a)
			continue;
		a->is_wanted = false;
		a->failure = DB_AWAY;
		if (a->is_let_go)
			free_answer(a);
	}
}
