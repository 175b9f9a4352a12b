#include "store/work/token_age.h"

#include "base/clock.h"

enum { DELETE_AT_ONCE = 50, KEEP_EVERY_MS = 60 * 60 * 1000 };

static const struct db_statement watch_get = {
	.sql = "SELECT (SELECT value FROM meta WHERE key = 'tokens_asked_day'), (SELECT value FROM meta WHERE key = 'tokens_watched_ms')",
	.parameters = ""};
static const struct db_statement watch_set = {
	.sql = "INSERT INTO meta (key, value) VALUES ('tokens_asked_day', $1), ('tokens_watched_ms', $2)"
	       " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	.parameters = "nn"};
static const struct db_statement delete_old = {
	.sql = "DELETE FROM token WHERE hash IN (SELECT hash FROM token WHERE kind = 0 AND used_day < $1 LIMIT $2) RETURNING 1",
	.parameters = "nn"};

int token_age_load(struct token_age *t, struct db *db)
{
	auto_answer *kept = db_ask_plain(db, &watch_get);
	int rc = db_row(kept);
	if (rc != DB_ROW)
		return rc == DB_DONE ? DB_DAMAGED : rc;
	int64_t ms = db_column_signed(kept, 1);
	*t = (struct token_age){.asked_day = db_column_signed(kept, 0), .looked_ms = clock_mono_ms()};
	t->watched_ms = t->kept_ms = ms > 0 ? (uint64_t)ms : 0;
	return DB_OK;
}

static int keep(struct token_age *t, struct db *db)
{
	t->kept_ms = t->watched_ms;
	return db_send(db, &watch_set, db_signed(t->asked_day), db_number(t->watched_ms));
}

static int ask(struct token_age *t, struct db *db, int64_t today)
{
	t->asked_day = today;
	t->watched_ms = 0;
	return keep(t, db);
}

int token_age_tidy(struct token_age *t, struct db *db)
{
	uint64_t now_ms = clock_mono_ms();
	t->watched_ms += now_ms - t->looked_ms;
	t->looked_ms = now_ms;
	int64_t today = token_age_day(clock_wall_ms());
	if (t->asked_day == 0 || today < t->asked_day)
		return ask(t, db, today);
	if (t->watched_ms < TOKEN_AGE_WATCHED_MS)
		return t->watched_ms - t->kept_ms >= KEEP_EVERY_MS ? keep(t, db) : DB_OK;
	auto_answer *deleted = db_ask(db, &delete_old, db_signed(t->asked_day - 2 * TOKEN_AGE_DAYS_MAX), db_number(DELETE_AT_ONCE));
	int rc, n = 0;
	while ((rc = db_row(deleted)) == DB_ROW)
		n++;
	if (rc != DB_DONE)
		return rc;
	return n < DELETE_AT_ONCE ? ask(t, db, today) : DB_OK;
}

void token_age_put_off(struct token_age *t)
{
	*t = (struct token_age){.asked_day = token_age_day(clock_wall_ms()), .looked_ms = clock_mono_ms()};
}
