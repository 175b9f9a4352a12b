#include "store/work/token_age.h"

#include "base/clock.h"

enum { DELETE_AT_ONCE = 50, KEEP_EVERY_MS = 60 * 60 * 1000 };

int token_age_load(struct token_age *t, struct sqlite_connection *c)
{
	int rc;
	int64_t day = sqlite_connection_number(c, "SELECT coalesce((SELECT value FROM meta WHERE key = 'tokens_asked_day'), 0)", &rc);
	if (rc != SQLITE_OK)
		return rc;
	int64_t ms = sqlite_connection_number(c, "SELECT coalesce((SELECT value FROM meta WHERE key = 'tokens_watched_ms'), 0)", &rc);
	*t = (struct token_age){.asked_day = day, .looked_ms = clock_mono_ms()};
	t->watched_ms = t->kept_ms = ms > 0 ? (uint64_t)ms : 0;
	return rc;
}

static int keep(struct token_age *t, struct sqlite_connection *c)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(c, ST_TOKEN_WATCH_SET);
	sqlite_statement_bind_i64(st, 1, t->asked_day);
	sqlite_statement_bind_u64(st, 2, t->watched_ms);
	t->kept_ms = t->watched_ms;
	return sqlite_statement_run(st);
}

static int ask(struct token_age *t, struct sqlite_connection *c, int64_t today)
{
	t->asked_day = today;
	t->watched_ms = 0;
	return keep(t, c);
}

int token_age_tidy(struct token_age *t, struct sqlite_connection *c)
{
	uint64_t now_ms = clock_mono_ms();
	t->watched_ms += now_ms - t->looked_ms;
	t->looked_ms = now_ms;
	int64_t today = token_age_day(clock_wall_ms());
	if (t->asked_day == 0 || today < t->asked_day)
		return ask(t, c, today);
	if (t->watched_ms < TOKEN_AGE_WATCHED_MS)
		return t->watched_ms - t->kept_ms >= KEEP_EVERY_MS ? keep(t, c) : SQLITE_OK;
	auto_reset sqlite3_stmt *st = sqlite_statement(c, ST_TOKEN_DELETE_OLD);
	sqlite_statement_bind_i64(st, 1, t->asked_day - 2 * TOKEN_AGE_DAYS_MAX);
	sqlite_statement_bind_i64(st, 2, DELETE_AT_ONCE);
	int rc = sqlite_statement_run(st);
	return rc == SQLITE_OK && sqlite3_changes(c->db) < DELETE_AT_ONCE ? ask(t, c, today) : rc;
}

void token_age_put_off(struct token_age *t)
{
	*t = (struct token_age){.asked_day = token_age_day(clock_wall_ms()), .looked_ms = clock_mono_ms()};
}
