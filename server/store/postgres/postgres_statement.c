#include "store/postgres/postgres_statement.h"

#include "base/memory.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the system catalogue's types (pg_type); they are the same in every database. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_VARCHAR = 1043,
	OID_BYTEA_ARRAY = 1001,
	OID_TEXT_ARRAY = 1009,
	OID_INT8_ARRAY = 1016,
};

static Oid type_of(char letter, bool is_array)
{
	switch (letter) {
	case 'n':
		return is_array ? OID_INT8_ARRAY : OID_INT8;
	case 't':
		return is_array ? OID_TEXT_ARRAY : OID_TEXT;
	case 'b':
		return is_array ? OID_BYTEA_ARRAY : OID_BYTEA;
	default:
		assert(letter == 'N' && !is_array);
		return OID_INT8_ARRAY;
	}
}

static bool is_of_type(const struct db_value *v, char letter)
{
	switch (v->kind) {
	case DB_NULL:
		return true;
	case DB_NUMBER:
		return letter == 'n';
	case DB_TEXT:
		return letter == 't';
	case DB_BYTES:
		return letter == 'b';
	case DB_NUMBERS:
		return letter == 'N';
	}
	return false;
}

/* --- names ------------------------------------------------------------------------------------------------------------------------------- */

static size_t slot_of(const struct postgres_statements *all, const struct db_statement *statement, bool takes_rows)
{
	uint64_t hash = ((uint64_t)(uintptr_t)statement >> 3 ^ takes_rows) * 0x9E3779B97F4A7C15u;
	size_t at = (size_t)(hash >> 32) & (all->cap - 1);
	while (all->slots[at] && (all->slots[at]->statement != statement || all->slots[at]->takes_rows != takes_rows))
		at = (at + 1) & (all->cap - 1);
	return at;
}

static void grow(struct postgres_statements *all)
{
	struct postgres_statement **old = all->slots;
	size_t old_cap = all->cap;

	all->cap = old_cap ? 2 * old_cap : 64;
	all->slots = mem_zalloc(all->cap * sizeof(struct postgres_statement *));
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			all->slots[slot_of(all, old[i]->statement, old[i]->takes_rows)] = old[i];
	free(old);
}

struct postgres_statement *postgres_statements_get(struct postgres_statements *all, const struct db_statement *statement, bool takes_rows)
{
	if (all->cap == 0)
		grow(all);
	size_t at = slot_of(all, statement, takes_rows);
	if (all->slots[at])
		return all->slots[at];
	if (2 * (all->n + 1) > all->cap) {
		grow(all);
		at = slot_of(all, statement, takes_rows);
	}
	struct postgres_statement *s = mem_new(struct postgres_statement);
	s->statement = statement;
	s->takes_rows = takes_rows;
	all->n++;
	return all->slots[at] = s;
}

void postgres_statements_forget(struct postgres_statements *all)
{
	for (size_t i = 0; i < all->cap; i++)
		if (all->slots[i])
			all->slots[i]->is_prepared = false;
}

void postgres_statements_finish(struct postgres_statements *all)
{
	for (size_t i = 0; i < all->cap; i++)
		free(all->slots[i]);
	free(all->slots);
	*all = (struct postgres_statements){0};
}

int postgres_statement_prepare(struct postgres_statements *all, struct postgres_statement *s, struct postgres_pipe *p)
{
	if (s->is_prepared)
		return DB_OK;
	const struct db_statement *statement = s->statement;
	const char *sql = s->takes_rows ? statement->postgres_rows : statement->postgres ? statement->postgres : statement->sql;
	Oid types[DB_PARAMETERS_MAX];
	size_t n = strlen(statement->parameters);

	assert(n <= DB_PARAMETERS_MAX);
	for (size_t i = 0; i < n; i++)
		types[i] = type_of(statement->parameters[i], s->takes_rows);
	snprintf(s->name, sizeof s->name, "s%llu", (unsigned long long)all->n_names++);
	s->is_prepared = true;
	return postgres_pipe_prepare(p, s->name, sql, (int)n, types, s);
}

/* --- values ------------------------------------------------------------------------------------------------------------------------------ */

static const int all_binary[DB_PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

enum { ARRAY_HEAD_BYTES = 20 };

static void append_u32(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_append(b, &v, sizeof v);
}

static void append_element(struct buf *b, const struct db_value *v)
{
	if (v->kind == DB_NULL) {
		append_u32(b, UINT32_MAX); /* -1 */
	} else if (v->kind == DB_NUMBER) {
		uint64_t number = htobe64((uint64_t)v->number);
		append_u32(b, sizeof number);
		buf_append(b, &number, sizeof number);
	} else {
		append_u32(b, (uint32_t)v->bytes.n);
		buf_append(b, v->bytes.s, v->bytes.n);
	}
}

static void write_u32(uint8_t *at, uint32_t v)
{
	v = htobe32(v);
	memcpy(at, &v, sizeof v);
}

/* The head of an array of n elements that stand behind it. */
static void write_head(uint8_t *head, Oid type, size_t n, bool has_null)
{
	write_u32(head, n > 0); /* dimensions */
	write_u32(head + 4, has_null);
	write_u32(head + 8, type);
	write_u32(head + 12, (uint32_t)n);
	write_u32(head + 16, 1); /* the first index */
}

static void append_numbers(struct buf *b, const struct db_value *v)
{
	size_t at = b->len;

	buf_reserve(b, ARRAY_HEAD_BYTES);
	b->len += ARRAY_HEAD_BYTES;
	for (size_t i = 0; i < v->n_numbers; i++)
		append_element(b, &(struct db_value){.kind = DB_NUMBER, .number = v->numbers[i]});
	write_head(b->data + at, OID_INT8, v->n_numbers, false);
	if (v->n_numbers == 0)
		b->len = at + ARRAY_HEAD_BYTES - 8; /* no dimension has no length and no first index */
}

int postgres_statement_execute(struct postgres_statement *s, struct postgres_pipe *p, const struct db_value *values, size_t n,
			       struct postgres_wanted wanted)
{
	const char *pointers[DB_PARAMETERS_MAX];
	int lengths[DB_PARAMETERS_MAX];
	uint64_t numbers[DB_PARAMETERS_MAX];
	struct buf arrays[DB_PARAMETERS_MAX] = {0};

	assert(n == strlen(s->statement->parameters));
	for (size_t i = 0; i < n; i++) {
		const struct db_value *v = &values[i];
		assert(is_of_type(v, s->statement->parameters[i]));
		switch (v->kind) {
		case DB_NULL:
			pointers[i] = NULL;
			lengths[i] = 0;
			break;
		case DB_NUMBER:
			numbers[i] = htobe64((uint64_t)v->number);
			pointers[i] = (const char *)&numbers[i];
			lengths[i] = (int)sizeof numbers[i];
			break;
		case DB_TEXT:
		case DB_BYTES:
			pointers[i] = v->bytes.s ? v->bytes.s : "";
			lengths[i] = (int)v->bytes.n;
			break;
		case DB_NUMBERS:
			append_numbers(&arrays[i], v);
			pointers[i] = (const char *)arrays[i].data;
			lengths[i] = (int)arrays[i].len;
			break;
		}
	}
	int rc = postgres_pipe_execute(p, s->name, &(struct postgres_values){pointers, lengths, all_binary, (int)n}, wanted);
	for (size_t i = 0; i < n; i++)
		buf_finish(&arrays[i]);
	return rc;
}

void postgres_rows_add(struct postgres_rows *rows, const struct db_value *values, size_t n)
{
	const char *letters = rows->s->statement->parameters;

	assert(n == strlen(letters));
	rows->n_bytes = 0;
	for (size_t i = 0; i < n; i++) {
		assert(is_of_type(&values[i], letters[i]));
		struct buf *b = &rows->columns[i];
		if (b->len == 0) {
			memset(buf_reserve(b, ARRAY_HEAD_BYTES), 0, ARRAY_HEAD_BYTES);
			b->len = ARRAY_HEAD_BYTES;
		}
		rows->has_null[i] |= values[i].kind == DB_NULL;
		append_element(b, &values[i]);
		rows->n_bytes += b->len;
	}
	rows->n_rows++;
}

int postgres_rows_execute(struct postgres_rows *rows, struct postgres_pipe *p)
{
	const char *letters = rows->s->statement->parameters, *pointers[DB_PARAMETERS_MAX];
	int lengths[DB_PARAMETERS_MAX];
	size_t n = strlen(letters);

	for (size_t i = 0; i < n; i++) {
		write_head(rows->columns[i].data, type_of(letters[i], false), rows->n_rows, rows->has_null[i]);
		pointers[i] = (const char *)rows->columns[i].data;
		lengths[i] = (int)rows->columns[i].len;
	}
	int rc = postgres_pipe_execute(p, rows->s->name, &(struct postgres_values){pointers, lengths, all_binary, (int)n},
				       (struct postgres_wanted){POSTGRES_WANTED_CHANGE, NULL});
	postgres_rows_clear(rows);
	return rc;
}

void postgres_rows_clear(struct postgres_rows *rows)
{
	for (size_t i = 0; i < DB_PARAMETERS_MAX; i++) {
		buf_clear(&rows->columns[i]);
		rows->has_null[i] = false;
	}
	rows->n_rows = rows->n_bytes = 0;
}

void postgres_rows_finish(struct postgres_rows *rows)
{
	for (size_t i = 0; i < DB_PARAMETERS_MAX; i++)
		buf_finish(&rows->columns[i]);
}

/* --- results ----------------------------------------------------------------------------------------------------------------------------- */

static int64_t big_endian(const char *bytes, int n)
{
	int64_t v = (int8_t)bytes[0]; /* its sign is the number's */
	for (int i = 1; i < n; i++)
		v = (int64_t)((uint64_t)v << 8 | (uint8_t)bytes[i]);
	return v;
}

enum db_kind postgres_column_kind(const PGresult *result, int row, int column)
{
	if (row < 0 || row >= PQntuples(result) || column >= PQnfields(result) || PQgetisnull(result, row, column))
		return DB_NULL;
	switch (PQftype(result, column)) {
	case OID_BOOL:
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
		return DB_NUMBER;
	case OID_TEXT:
	case OID_VARCHAR:
		return DB_TEXT;
	default:
		return DB_BYTES;
	}
}

int64_t postgres_column_number(const PGresult *result, int row, int column)
{
	if (postgres_column_kind(result, row, column) != DB_NUMBER)
		return 0;
	int n = PQgetlength(result, row, column);
	return n >= 1 && n <= 8 ? big_endian(PQgetvalue(result, row, column), n) : 0;
}

struct text postgres_column_bytes(const PGresult *result, int row, int column)
{
	enum db_kind kind = postgres_column_kind(result, row, column);
	if (kind != DB_TEXT && kind != DB_BYTES)
		return (struct text){0};
	return (struct text){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}
