/*
 * Every SQL statement of the store, and how one is run. All are prepared when a connection opens, so nothing is parsed later and
 * a statement is always there.
 *
 * A statement belongs to its connection and so to one thread. Take it as `auto_reset sqlite3_stmt *st = …`: it lets go of its
 * rows at the end of the scope. Texts and blobs are bound without a copy and must live that long.
 * Results are SQLite's extended codes; sqlite_fault.h says what they mean to us.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_STATEMENT_H
#define PARLEY_STORE_SQLITE_SQLITE_STATEMENT_H

#include "codec/request_decode.h"
#include "codec/uid.h"
#include "store/work/event_row.h"
#include "store/work/rows.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite_connection;

enum { ROLE_WRITER = 1, ROLE_READER = 2 };

/*        symbol                roles                      SQL */
/* clang-format off */
#define STATEMENT_TABLE(X) \
	X(ST_BEGIN_READ,        ROLE_READER,               "BEGIN") \
	X(ST_COMMIT,            ROLE_READER,               "COMMIT") \
	X(ST_EVENT_ROW,         ROLE_READER,               "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk = ?1") \
	X(ST_ROOM_BY_NO,        ROLE_READER,               "SELECT " ROOM_COLUMNS " FROM room r WHERE r.no = ?1") \
	X(ST_ROOM_BY_ID,        ROLE_READER,               "SELECT " ROOM_COLUMNS " FROM room r WHERE r.id = ?1") \
	X(ST_ROOM_BY_KEY,       ROLE_READER,               "SELECT " ROOM_COLUMNS " FROM room r WHERE r.name_key = ?1") \
	X(ST_ROOM_PRIVATE_BY_KEY, ROLE_READER,             "SELECT " ROOM_COLUMNS " FROM room r WHERE r.private_key = ?1 LIMIT 2") \
	X(ST_ROOM_PAGE,         ROLE_READER, \
	  "SELECT " ROOM_COLUMNS ", EXISTS (SELECT 1 FROM member m WHERE m.user_no = ?1 AND m.room_no = r.no), r.name_key AS key" \
	  " FROM room r INDEXED BY room_public WHERE r.kind = 0 AND r.name_key > ?2 UNION ALL " \
	  "SELECT " ROOM_COLUMNS ", 1, r.private_key FROM member m CROSS JOIN room r ON r.no = m.room_no" \
	  " WHERE m.user_no = ?1 AND r.kind <> 0 AND r.private_key > ?2 ORDER BY key") \
	X(ST_ROOM_PAGE_ALL,     ROLE_READER, \
	  "SELECT " ROOM_COLUMNS ", EXISTS (SELECT 1 FROM member m WHERE m.user_no = ?1 AND m.room_no = r.no), coalesce(r.name_key, r.private_key)" \
	  " FROM room r INDEXED BY room_by_any_key WHERE coalesce(r.name_key, r.private_key) >= ?2" \
	  " AND (coalesce(r.name_key, r.private_key) > ?2 OR r.no > ?3) ORDER BY coalesce(r.name_key, r.private_key), r.no") \
	X(ST_ROOM_PLACE,        ROLE_READER,               "SELECT r.no, coalesce(r.name_key, r.private_key) FROM room r WHERE r.id = ?1") \
	X(ST_MEMBER_PAGE,       ROLE_READER, \
	  "SELECT " USER_COLUMNS ", m.role FROM member m INDEXED BY member_by_room JOIN account u ON u.no = m.user_no" \
	  " WHERE m.room_no = ?1 AND m.user_no > coalesce((SELECT no FROM account WHERE id = ?2), 0)" \
	  " ORDER BY m.user_no LIMIT ?3") \
	X(ST_MEMBER_OF,         ROLE_READER, \
	  "SELECT " ROOM_COLUMNS ", m.role, m.read_seq, m.read_messages FROM member m JOIN room r ON r.no = m.room_no WHERE m.user_no = ?1") \
	X(ST_USER_BY_NO,        ROLE_READER,               "SELECT " USER_COLUMNS " FROM account u WHERE u.no = ?1") \
	X(ST_USER_BY_KEY,       ROLE_READER,               \
	  "SELECT " USER_COLUMNS ", u.password_hash FROM account u WHERE u.name_key = ?1 AND u.kind <> 2") \
	X(ST_USER_OWNER,        ROLE_READER,               "SELECT 1 FROM account WHERE role = 1 LIMIT 1") \
	X(ST_TOKEN_FIND,        ROLE_READER,               "SELECT user_no, kind, used_day FROM token WHERE hash = ?1") \
	X(ST_LOG_UP,            ROLE_READER, \
	  "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk BETWEEN ?1 AND ?2 ORDER BY e.pk LIMIT ?3") \
	X(ST_LOG_DOWN,          ROLE_READER, \
	  "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk BETWEEN ?1 AND ?2 ORDER BY e.pk DESC LIMIT ?3")
/* clang-format on */

enum statement {
#define X(symbol, roles, sql) symbol,
	STATEMENT_TABLE(X)
#undef X
		STATEMENT_COUNT
};

/* Prepares those of this role; returns SQLite's code. */
int sqlite_statement_prepare_all(struct sqlite_connection *c, unsigned role);
void sqlite_statement_finish_all(struct sqlite_connection *c);

sqlite3_stmt *sqlite_statement(struct sqlite_connection *c, enum statement which);
void sqlite_statement_reset_at(sqlite3_stmt **st);
#define auto_reset __attribute__((cleanup(sqlite_statement_reset_at)))

void sqlite_statement_bind_u64(sqlite3_stmt *st, int at, uint64_t v);
void sqlite_statement_bind_i64(sqlite3_stmt *st, int at, int64_t v);
void sqlite_statement_bind_blob(sqlite3_stmt *st, int at, const void *bytes, size_t n);
void sqlite_statement_bind_uid(sqlite3_stmt *st, int at, const struct uid *id);
void sqlite_statement_bind_text(sqlite3_stmt *st, int at, struct text t); /* t.s NULL: SQL NULL */
/* Steps to the end and resets: SQLITE_OK, or the error. */
int sqlite_statement_run(sqlite3_stmt *st);
/* Steps once: *found, and then its columns can be read. SQLITE_OK, or the error. */
int sqlite_statement_finds(sqlite3_stmt *st, bool *found);

uint64_t sqlite_statement_u64(sqlite3_stmt *st, int column);
/* Zeroes it and returns false when the column does not hold 16 bytes. */
bool sqlite_statement_uid(sqlite3_stmt *st, int column, struct uid *out);
char *sqlite_statement_text(sqlite3_stmt *st, int column); /* a copy; NULL for SQL NULL */

#endif
