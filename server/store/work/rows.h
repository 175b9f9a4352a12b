/*
 * From rows of the store to its structures. The columns are ROOM_COLUMNS (of a table r) and USER_COLUMNS (of a table u), from the first on.
 */
#ifndef PARLEY_STORE_WORK_ROWS_H
#define PARLEY_STORE_WORK_ROWS_H

#include "store/db.h"
#include "store/store.h"

#define ROOM_COLUMNS "r.no, r.id, r.kind, r.name, r.topic, r.last_seq, r.n_messages, r.n_members, r.created_ms"
#define USER_COLUMNS "u.no, u.id, u.kind, u.role, u.name"
enum { ROOM_COLUMN_COUNT = 9, USER_COLUMN_COUNT = 5 };

/* Fills *out with copies; finish it with store_room_finish() and store_user_finish(). False, with *out empty: the row is damaged (not UTF-8, no
 * id, a number out of its range). */
bool rows_room(struct db_answer *answer, struct store_room *out);
/* The same where ROOM_COLUMNS begin at another column. */
bool rows_room_at(struct db_answer *answer, int first, struct store_room *out);
bool rows_user(struct db_answer *answer, struct store_user *out);
bool rows_member_role(struct db_answer *answer, int column, enum member_role *out);

#endif
