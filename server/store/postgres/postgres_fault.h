/*
 * What an error of PostgreSQL means to the store. The server says it as an SQLSTATE (PostgreSQL's documentation, appendix A); an error without
 * one is libpq's own, and then the connection is lost.
 *
 * Pure functions, callable from any thread.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_FAULT_H
#define PARLEY_STORE_POSTGRES_POSTGRES_FAULT_H

#include "store/db.h"

/*
 * sqlstate: five characters, or NULL for none.
 * A statement that takes too long or that an administrator cancels (57014) is DB_LOST_RACE in a transaction that writes: nothing of it is done, and
 * the batch can be done again in smaller parts. A question is DB_FAILED then: asked again it takes as long again.
 */
enum db_result postgres_fault_of(const char *sqlstate, bool for_writing);
/* Whether the server does not know a prepared statement any more, or its plan: each statement has to be prepared anew. */
bool postgres_fault_forgets_statements(const char *sqlstate);

#endif
