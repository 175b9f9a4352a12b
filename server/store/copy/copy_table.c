#include "store/copy/copy_table.h"

#include "codec/buf.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

size_t copy_table_n_columns(const struct copy_table *t)
{
	return strlen(t->kinds);
}

void copy_table_column_name(const struct copy_table *t, size_t column, char out[COPY_NAME_BYTES])
{
	const char *at = t->columns;

	for (; column > 0; column--)
		at = strchr(at, ' ') + 1;
	snprintf(out, COPY_NAME_BYTES, "%.*s", (int)strcspn(at, ","), at);
}

/* --- does the database have them? --------------------------------------------------------------------------------------------------------- */

static const struct db_statement columns_of = {
	.sql = "SELECT name FROM pragma_table_info($1)",
	.postgres = "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1",
	.parameters = "t",
};

static bool has_column(const struct copy_table *t, struct text name)
{
	char known[COPY_NAME_BYTES];

	for (size_t i = 0; i < copy_table_n_columns(t); i++) {
		copy_table_column_name(t, i, known);
		if (strlen(known) == name.n && memcmp(known, name.s, name.n) == 0)
			return true;
	}
	return false;
}

int copy_table_check(const struct copy_table *t, struct db *db, char *fault, size_t n)
{
	auto_answer *found = db_ask(db, &columns_of, db_text((struct text){.s = t->name, .n = strlen(t->name)}));
	size_t n_found = 0;
	int rc;

	while ((rc = db_row(found)) == DB_ROW) {
		struct text name = db_column_bytes(found, 0);
		if (name.s && has_column(t, name)) {
			n_found++;
			continue;
		}
		snprintf(fault, n, "its table %s has a column %.*s that this version of Parley does not copy", t->name, (int)name.n,
			 name.s ? name.s : "");
		return DB_DONE;
	}
	if (rc != DB_DONE)
		return rc;
	if (n_found == copy_table_n_columns(t))
		return DB_OK;
	snprintf(fault, n, "its table %s has %zu columns of the %zu that this version of Parley copies", t->name, n_found,
		 copy_table_n_columns(t));
	return DB_DONE;
}

/* --- statements --------------------------------------------------------------------------------------------------------------------------- */

static const char *array_of(char kind)
{
	return kind == 'n' ? "bigint[]" : kind == 't' ? "text[]" : "bytea[]";
}

/* "a, b" of the key's columns; behind each of them `after`. */
static void append_keys(struct buf *b, const struct copy_table *t, const char *after)
{
	char name[COPY_NAME_BYTES];

	for (size_t i = 0; i < t->n_keys; i++) {
		copy_table_column_name(t, i, name);
		buf_appendf(b, "%s%s%s", i == 0 ? "" : ", ", name, after);
	}
}

static void append_places(struct buf *b, size_t n, const char *kinds)
{
	for (size_t i = 0; i < n; i++)
		buf_appendf(b, kinds ? "%s$%zu::%s" : "%s$%zu", i == 0 ? "" : ", ", i + 1, kinds ? array_of(kinds[i]) : "");
}

static void put(char out[COPY_SQL_BYTES], struct buf *b)
{
	assert(b->len < COPY_SQL_BYTES);
	memcpy(out, b->data, b->len);
	out[b->len] = '\0';
	buf_clear(b);
}

static void append_select(struct buf *b, const struct copy_table *t)
{
	buf_appendf(b, "SELECT %s%s%s FROM %s", t->columns, t->also ? ", " : "", t->also ? t->also : "", t->name);
}

static void append_order(struct buf *b, const struct copy_table *t)
{
	buf_append_str(b, " ORDER BY ");
	append_keys(b, t, "");
	buf_appendf(b, " LIMIT %d", COPY_PAGE_ROWS);
}

static void make_selects(struct copy_statements *s, const struct copy_table *t)
{
	auto_buf b = BUF_INIT;

	append_select(&b, t);
	append_order(&b, t);
	put(s->first_sql, &b);
	append_select(&b, t);
	buf_append_str(&b, " WHERE (");
	append_keys(&b, t, "");
	buf_append_str(&b, ") > (");
	append_places(&b, t->n_keys, NULL);
	buf_append_byte(&b, ')');
	append_order(&b, t);
	put(s->next_sql, &b);
	buf_append_str(&b, "SELECT ");
	append_keys(&b, t, "");
	buf_appendf(&b, " FROM %s ORDER BY ", t->name);
	append_keys(&b, t, " DESC");
	buf_append_str(&b, " LIMIT 1");
	put(s->last_sql, &b);
}

static void make_inserts(struct copy_statements *s, const struct copy_table *t)
{
	auto_buf b = BUF_INIT;

	buf_appendf(&b, "INSERT INTO %s (%s) VALUES (", t->name, t->columns);
	append_places(&b, copy_table_n_columns(t), NULL);
	buf_append_byte(&b, ')');
	put(s->insert_sql, &b);
	buf_appendf(&b, "INSERT INTO %s (%s) SELECT * FROM unnest(", t->name, t->columns);
	append_places(&b, copy_table_n_columns(t), s->parameters);
	buf_append_byte(&b, ')');
	put(s->rows_sql, &b);
}

void copy_statements_make(struct copy_statements *s, const struct copy_table *t)
{
	*s = (struct copy_statements){.keys = ""};
	for (size_t i = 0; i < copy_table_n_columns(t); i++)
		s->parameters[i] = (char)tolower((unsigned char)t->kinds[i]);
	memcpy(s->keys, s->parameters, t->n_keys);
	make_selects(s, t);
	make_inserts(s, t);
	s->first = (struct db_statement){.sql = s->first_sql, .parameters = "", .many_rows = true};
	s->next = (struct db_statement){.sql = s->next_sql, .parameters = s->keys, .many_rows = true};
	s->last = (struct db_statement){.sql = s->last_sql, .parameters = ""};
	s->insert = (struct db_statement){.sql = s->insert_sql, .postgres_rows = s->rows_sql, .parameters = s->parameters};
}
