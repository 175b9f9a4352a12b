#include "store/copy/copy_verify.h"

#include <stdio.h>

static void tell(const struct copy_comparison *c, const struct copy_reader *row, const char *what, const char *column)
{
	char key[COPY_KEY_TEXT_BYTES], line[COPY_WHAT_BYTES];

	if ((*c->n_differences)++ >= COPY_DIFFERENCES_TOLD)
		return;
	snprintf(line, sizeof line, "table %s, %s: %s%s%s", c->table->name, copy_row_key_text(row, key), what, column[0] ? " " : "",
		 column);
	c->watcher->note(c->watcher->arg, line);
}

/* The rows of both have been read, unless a side is at its end. Gives which of them to move on: less than 0 the source, more the target, 0 both. */
static int compare(const struct copy_comparison *c, const struct copy_reader *from, bool has_from, const struct copy_reader *to,
		   bool has_to)
{
	char name[COPY_NAME_BYTES];
	int order = !has_to ? -1 : !has_from ? 1 : copy_row_order(from, to);

	if (order < 0) {
		tell(c, from, "it is not in the target", "");
	} else if (order > 0) {
		tell(c, to, "it is not in the source", "");
	} else {
		int column = copy_row_difference(from, to);
		if (column < 0)
			return 0;
		copy_table_column_name(c->table, (size_t)column, name);
		tell(c, from, "the two differ in", name);
	}
	return order;
}

/* DB_ROW or DB_DONE, or -1 with fault. */
static int next(struct copy_side *side, struct copy_reader *r, char fault[COPY_FAULT_BYTES])
{
	char what[COPY_WHAT_BYTES];
	int rc = copy_reader_row(r, what);

	if (rc == DB_ROW || rc == DB_DONE)
		return rc;
	if (rc != DB_DAMAGED || !what[0])
		return copy_side_fail(side, fault);
	snprintf(fault, COPY_FAULT_BYTES, "%s is damaged: %s", side->name, what);
	return -1;
}

static int compare_all(const struct copy_comparison *c, struct copy_reader *from, struct copy_reader *to, char fault[COPY_FAULT_BYTES])
{
	uint64_t n_rows = 0;
	int has_from = next(c->source, from, fault), has_to = has_from < 0 ? -1 : next(c->target, to, fault);

	while (has_from >= 0 && has_to >= 0 && (has_from == DB_ROW || has_to == DB_ROW)) {
		int order = compare(c, from, has_from == DB_ROW, to, has_to == DB_ROW);
		if (++n_rows % COPY_PAGE_ROWS == 0) {
			c->watcher->progress(c->watcher->arg, "verified", c->table->name, n_rows, false);
			if (c->is_interrupted()) {
				snprintf(fault, COPY_FAULT_BYTES, "interrupted while it compared: the same command goes on");
				return -1;
			}
		}
		if (order <= 0)
			has_from = next(c->source, from, fault);
		if (order >= 0 && has_from >= 0)
			has_to = next(c->target, to, fault);
	}
	if (has_from < 0 || has_to < 0)
		return -1;
	c->watcher->progress(c->watcher->arg, "verified", c->table->name, n_rows, true);
	return 0;
}

int copy_verify_table(const struct copy_comparison *c, char fault[COPY_FAULT_BYTES])
{
	struct copy_reader from, to;

	copy_reader_begin(&from, c->source->db, c->table, c->statements);
	copy_reader_begin(&to, c->target->db, c->table, c->statements);
	int result = compare_all(c, &from, &to, fault);
	copy_reader_finish(&from);
	copy_reader_finish(&to);
	return result;
}
