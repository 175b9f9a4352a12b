#include "store/postgres/postgres_fault.h"

#include <string.h>

static bool begins_with(const char *sqlstate, const char *class)
{
	return strncmp(sqlstate, class, strlen(class)) == 0;
}

enum db_result postgres_fault_of(const char *sqlstate, bool for_writing)
{
	/* A row's beginning stands for all that begin with it; the first row that fits counts. */
	static const struct {
		const char *sqlstate;
		enum db_result means;
	} rows[] = {
		{"08", DB_AWAY},         /* connection exceptions */
		{"57P", DB_AWAY},        /* shut down, crashed, starting, database dropped, idle for too long */
		{"25P03", DB_AWAY},      /* idle in a transaction for too long: the server closes the connection */
		{"25P04", DB_AWAY},      /* transaction_timeout: the same */
		{"53300", DB_AWAY},      /* too many connections */
		{"53", DB_NO_ROOM},      /* disk full, out of memory */
		{"54000", DB_NO_ROOM},   /* a program limit: no more transaction numbers are given out before a vacuum */
		{"25006", DB_NO_ROOM},   /* read only: what operators and hosts set when a disk is full */
		{"23505", DB_CONFLICT},  /* unique_violation */
		{"40003", DB_AWAY},      /* statement_completion_unknown */
		{"40", DB_LOST_RACE},    /* serialisation failure, deadlock */
		{"55P03", DB_LOST_RACE}, /* lock_timeout */
		{"XX001", DB_DAMAGED},   /* data_corrupted */
		{"XX002", DB_DAMAGED},   /* index_corrupted */
		{"58030", DB_DAMAGED},   /* io_error: the disk does not give it back */
		{"58P01", DB_DAMAGED},   /* undefined_file: a part of a table is missing */
	};

	if (!sqlstate)
		return DB_AWAY;
	if (strcmp(sqlstate, "57014") == 0)
		return for_writing ? DB_LOST_RACE : DB_FAILED;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (begins_with(sqlstate, rows[i].sqlstate))
			return rows[i].means;
	return DB_FAILED;
}

bool postgres_fault_forgets_statements(const char *sqlstate)
{
	return sqlstate && (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "0A000") == 0);
}
