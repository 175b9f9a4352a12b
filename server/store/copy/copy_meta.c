#include "store/copy/copy_meta.h"

#include <stdio.h>
#include <string.h>

/* kind: n number, b bytes, t text (bytes in PostgreSQL); 0: it is about one kind of database, or about this copy, and stays where it is. */
static const struct {
	const char *key;
	char kind;
} known[] = {
	{"epoch", 'b'},
	{"made_ms", 'n'},
	{"pinged_ms", 'n'},
	{"tokens_asked_day", 'n'},
	{"tokens_watched_ms", 'n'},
	{"skeletons", 't'},
	{"open", 0},
	{"schema", 0},
	{"ground", 0},
	{"quiet_commits", 0},
	{"owner_links", 0},
	{COPY_META_UNFINISHED, 0},
	{COPY_META_MOVED, 0},
};

static const struct db_statement all_rows = {
	.sql = "SELECT key, value, NULL FROM meta ORDER BY key",
	.postgres = "SELECT key, value, bytes FROM meta ORDER BY key",
	.parameters = "",
};
static const struct db_statement row_of = {
	.sql = "SELECT value FROM meta WHERE key = $1",
	.postgres = "SELECT bytes FROM meta WHERE key = $1",
	.parameters = "t",
};
#define PUT(column, value) \
	"INSERT INTO meta (key, " column ") VALUES ($1, " value ") ON CONFLICT (key) DO UPDATE SET " column " = excluded." column
static const struct db_statement put_number = {.sql = PUT("value", "$2"), .parameters = "tn"};
static const struct db_statement put_bytes = {.sql = PUT("value", "$2"), .postgres = PUT("bytes", "$2"), .parameters = "tb"};
static const struct db_statement put_text = {
	.sql = PUT("value", "$2"), .postgres = PUT("bytes", "convert_to($2, 'UTF8')"), .parameters = "tt"};
static const struct db_statement removed = {.sql = "DELETE FROM meta WHERE key = $1", .parameters = "t"};

static struct db_value text_of(const char *s)
{
	return db_text((struct text){.s = s, .n = strlen(s)});
}

/* The kind of a row of this key; -1: it is not known. */
static int kind_of(struct text key)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (key.s && strlen(known[i].key) == key.n && memcmp(known[i].key, key.s, key.n) == 0)
			return known[i].kind;
	return -1;
}

static int put_row(struct db *to, struct text key, int kind, struct db_answer *row)
{
	struct text bytes = db_column_bytes(row, db_column_is_null(row, 2) ? 1 : 2);

	if (kind == 'n')
		return db_send(to, &put_number, db_text(key), db_signed(db_column_signed(row, 1)));
	if (kind == 't')
		return db_send(to, &put_text, db_text(key), db_text(bytes));
	return db_send(to, &put_bytes, db_text(key), db_bytes(bytes.s, bytes.n));
}

int copy_meta_move(struct db *from, struct db *to, bool *is_source, char *fault, size_t n)
{
	auto_answer *rows = db_ask_plain(from, &all_rows);
	int rc;

	while ((rc = db_row(rows)) == DB_ROW) {
		struct text key = db_column_bytes(rows, 0);
		int kind = kind_of(key);
		bool is_number = db_column_is_number(rows, 1);
		bool is_text = kind == 't' || kind == 'b';
		if (kind < 0 || (kind == 'n' && !is_number) || (is_text && !db_column_bytes(rows, db_column_is_null(rows, 2) ? 1 : 2).s)) {
			snprintf(fault, n, "its table meta has a row %.*s that this version of Parley does not copy", (int)key.n,
				 key.s ? key.s : "");
			return DB_DONE;
		}
		int sent = kind == 0 ? DB_OK : put_row(to, key, kind, rows);
		if (sent != DB_OK) {
			*is_source = false;
			return sent;
		}
	}
	*is_source = true;
	return rc == DB_DONE ? DB_OK : rc;
}

int copy_meta_text(struct db *db, const char *key, char out[COPY_META_TEXT_BYTES])
{
	auto_answer *row = db_ask(db, &row_of, text_of(key));
	int rc = db_row(row);

	out[0] = '\0';
	if (rc == DB_ROW) {
		struct text t = db_column_bytes(row, 0);
		snprintf(out, COPY_META_TEXT_BYTES, "%.*s", (int)t.n, t.s ? t.s : "");
	}
	return rc;
}

int copy_meta_epoch(struct db *db, struct uid *out)
{
	auto_answer *row = db_ask(db, &row_of, text_of("epoch"));
	int rc = db_row(row);

	return rc == DB_ROW && !db_column_uid(row, 0, out) ? DB_DAMAGED : rc;
}

int copy_meta_put_text(struct db *db, const char *key, const char *text)
{
	return db_send(db, &put_text, text_of(key), text_of(text));
}

int copy_meta_remove(struct db *db, const char *key)
{
	return db_send(db, &removed, text_of(key));
}
