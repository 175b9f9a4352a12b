#include "store/copy/copy_row.h"

#include "codec/text_clean.h"
#include "store/work/event_row.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void copy_reader_begin(struct copy_reader *r, struct db *db, const struct copy_table *table, const struct copy_statements *statements)
{
	*r = (struct copy_reader){.db = db, .table = table, .statements = statements};
}

void copy_reader_finish(struct copy_reader *r)
{
	db_done(r->page);
	r->page = NULL;
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < COPY_KEYS_MAX; k++)
			buf_finish(&r->keys[i].bytes[k]);
}

/* --- keys --------------------------------------------------------------------------------------------------------------------------------- */

static bool has_bytes(const struct db_value *v)
{
	return v->kind == DB_TEXT || v->kind == DB_BYTES;
}

static void note_key(struct copy_reader *r, const struct db_value *values)
{
	unsigned free_one = r->has_key ? !r->at : r->at;
	struct copy_key *key = &r->keys[free_one];

	for (size_t i = 0; i < r->table->n_keys; i++) {
		key->values[i] = values[i];
		if (!has_bytes(&values[i]))
			continue;
		buf_clear(&key->bytes[i]);
		buf_reserve(&key->bytes[i], values[i].bytes.n + 1); /* an address where there are no bytes */
		buf_append(&key->bytes[i], values[i].bytes.s, values[i].bytes.n);
		key->values[i].bytes.s = (const char *)key->bytes[i].data;
	}
	r->at = free_one;
	r->has_key = true;
}

static struct db_value value_at(struct db_answer *answer, int column)
{
	struct db_value v = {.kind = db_column_kind(answer, column)};

	if (v.kind == DB_NUMBER)
		v.number = db_column_signed(answer, column);
	else if (has_bytes(&v))
		v.bytes = db_column_bytes(answer, column);
	return v;
}

int copy_reader_skip(struct copy_reader *r, struct db *other)
{
	auto_answer *last = db_ask_plain(other, &r->statements->last);
	struct db_value values[COPY_KEYS_MAX];
	int rc = db_row(last);

	if (rc != DB_ROW)
		return rc == DB_DONE ? DB_OK : rc;
	for (size_t i = 0; i < r->table->n_keys; i++)
		values[i] = value_at(last, (int)i);
	note_key(r, values);
	return DB_OK;
}

const char *copy_row_key_text(const struct copy_reader *r, char out[COPY_KEY_TEXT_BYTES])
{
	char name[COPY_NAME_BYTES];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < r->table->n_keys && used < COPY_KEY_TEXT_BYTES; i++) {
		const struct db_value *v = &r->values[i];
		copy_table_column_name(r->table, i, name);
		used += (size_t)snprintf(out + used, COPY_KEY_TEXT_BYTES - used, "%s%s ", i == 0 ? "" : ", ", name);
		if (v->kind == DB_NUMBER)
			used += (size_t)snprintf(out + used, used < COPY_KEY_TEXT_BYTES ? COPY_KEY_TEXT_BYTES - used : 0, "%" PRId64,
						 v->number);
		for (size_t k = 0; has_bytes(v) && k < v->bytes.n && used + 2 < COPY_KEY_TEXT_BYTES; k++)
			used += (size_t)snprintf(out + used, COPY_KEY_TEXT_BYTES - used, "%02x", (unsigned char)v->bytes.s[k]);
	}
	return out;
}

/* --- rows --------------------------------------------------------------------------------------------------------------------------------- */

/* NULL, or what is wrong with the value. */
static const char *value_fault(const struct db_value *v, char kind)
{
	bool may_be_null = isupper((unsigned char)kind);
	char letter = (char)tolower((unsigned char)kind);

	if (v->kind == DB_NULL)
		return may_be_null ? NULL : "is NULL";
	if (v->kind != (letter == 'n' ? DB_NUMBER : letter == 't' ? DB_TEXT : DB_BYTES))
		return letter == 'n' ? "is no number" : letter == 't' ? "is no text" : "holds no bytes";
	if (has_bytes(v) && !v->bytes.s)
		return "cannot be read";
	if (v->kind == DB_TEXT && memchr(v->bytes.s, '\0', v->bytes.n))
		return "has a NUL in its text";
	return v->kind == DB_TEXT && !text_is_utf8(v->bytes.s, v->bytes.n) ? "is not UTF-8" : NULL;
}

static const char *event_fault(struct copy_reader *r)
{
	struct uid room;
	struct event_row row;

	if (!db_column_uid(r->page, EVENT_COLUMN_COUNT, &room))
		return "belongs to a room that is not there";
	return event_row_read(r->page, &room, &row) ? NULL : "is not what was written: its checksum is wrong";
}

static int read_row(struct copy_reader *r, char fault[COPY_WHAT_BYTES])
{
	char name[COPY_NAME_BYTES], key[COPY_KEY_TEXT_BYTES];

	for (size_t i = 0; i < copy_table_n_columns(r->table); i++)
		r->values[i] = value_at(r->page, (int)i);
	for (size_t i = 0; i < copy_table_n_columns(r->table); i++) {
		const char *wrong = value_fault(&r->values[i], r->table->kinds[i]);
		if (!wrong)
			continue;
		copy_table_column_name(r->table, i, name);
		snprintf(fault, COPY_WHAT_BYTES, "table %s, %s: %s %s", r->table->name, copy_row_key_text(r, key), name, wrong);
		return DB_DAMAGED;
	}
	const char *wrong = strcmp(r->table->name, "event") == 0 ? event_fault(r) : NULL;
	if (!wrong)
		return DB_ROW;
	snprintf(fault, COPY_WHAT_BYTES, "table %s, %s: the row %s", r->table->name, copy_row_key_text(r, key), wrong);
	return DB_DAMAGED;
}

static void ask_page(struct copy_reader *r)
{
	const struct db_statement *statement = r->has_key ? &r->statements->next : &r->statements->first;

	r->page = r->db->methods->ask(r->db, statement, r->has_key ? r->keys[r->at].values : NULL, r->has_key ? r->table->n_keys : 0);
	r->n_of_page = 0;
}

int copy_reader_row(struct copy_reader *r, char fault[COPY_WHAT_BYTES])
{
	fault[0] = '\0';
	if (!r->page)
		ask_page(r);
	int rc = db_row(r->page);
	if (rc == DB_DONE && r->n_of_page == COPY_PAGE_ROWS) {
		db_done(r->page);
		ask_page(r);
		rc = db_row(r->page);
	}
	if (rc != DB_ROW)
		return rc;
	rc = read_row(r, fault);
	if (rc == DB_ROW && ++r->n_of_page == COPY_PAGE_ROWS)
		note_key(r, r->values);
	return rc;
}

static int order_of(const struct db_value *a, const struct db_value *b)
{
	if (a->kind == DB_NUMBER)
		return a->number < b->number ? -1 : a->number > b->number;
	size_t n = a->bytes.n < b->bytes.n ? a->bytes.n : b->bytes.n;
	int order = memcmp(a->bytes.s, b->bytes.s, n);
	return order != 0 ? order : a->bytes.n < b->bytes.n ? -1 : a->bytes.n > b->bytes.n;
}

int copy_row_order(const struct copy_reader *a, const struct copy_reader *b)
{
	int order = 0;

	for (size_t i = 0; order == 0 && i < a->table->n_keys; i++)
		order = order_of(&a->values[i], &b->values[i]);
	return order;
}

int copy_row_difference(const struct copy_reader *a, const struct copy_reader *b)
{
	for (size_t i = 0; i < copy_table_n_columns(a->table); i++) {
		const struct db_value *x = &a->values[i], *y = &b->values[i];
		if (x->kind != y->kind || (x->kind != DB_NULL && order_of(x, y) != 0))
			return (int)i;
	}
	return -1;
}
