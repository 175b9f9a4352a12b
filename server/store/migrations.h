/*
 * The steps that bring a database to the form this server works with, from an empty one on. Each is two files in store/migration/, one for each database,
 * which the build embeds (migration/embed.py). A number means the same state in both.
 *
 * A database keeps the number of the last step it took: SQLite in user_version, PostgreSQL in `meta`. A driver takes the steps that are missing, each in one
 * transaction with its number, and refuses a database whose number is greater than store_migrations_newest. What was released is never edited: a change is
 * a further step.
 */
#ifndef PARLEY_STORE_MIGRATIONS_H
#define PARLEY_STORE_MIGRATIONS_H

struct store_migration {
	int number; /* 1, 2, 3 … */
	const char *name;
	const char *sqlite, *postgres; /* SQL statements, without BEGIN and COMMIT */
};

/* That with number n is store_migrations[n - 1]. */
extern const struct store_migration store_migrations[];
extern const int store_migrations_newest;

#endif
