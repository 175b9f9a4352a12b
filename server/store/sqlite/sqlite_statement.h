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
	X(ST_BEGIN_WRITE,       ROLE_WRITER,               "BEGIN IMMEDIATE") \
	X(ST_BEGIN_READ,        ROLE_READER,               "BEGIN") \
	X(ST_COMMIT,            ROLE_WRITER | ROLE_READER, "COMMIT") \
	X(ST_ROLLBACK,          ROLE_WRITER,               "ROLLBACK") \
	X(ST_PING,              ROLE_WRITER,               "UPDATE meta SET value = ?1 WHERE key = 'pinged_ms'") \
	X(ST_QUIET_COMMITS_SET, ROLE_WRITER,               "UPDATE meta SET value = ?1 WHERE key = 'quiet_commits'") \
	X(ST_EVENT_INSERT,      ROLE_WRITER, \
	  "INSERT INTO event (pk, id, type, author_no, at_ms, n_messages, target_seq, json, checksum)" \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)") \
	X(ST_EVENT_ROW,         ROLE_WRITER | ROLE_READER, "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk = ?1") \
	X(ST_CLIENT_ID_CLAIM,   ROLE_WRITER, \
	  "INSERT INTO client_id (author_no, client_id, event_pk) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING") \
	X(ST_CLIENT_ID_EVENT,   ROLE_WRITER, \
	  "SELECT " EVENT_COLUMNS ", r.id FROM client_id c JOIN event e ON e.pk = c.event_pk JOIN room r ON r.no = c.event_pk >> 36" \
	  " WHERE c.author_no = ?1 AND c.client_id = ?2") \
	X(ST_ROOM_COUNTERS,     ROLE_WRITER,               "SELECT id, last_seq, n_messages, n_members FROM room WHERE no = ?1") \
	X(ST_ROOM_TOP,          ROLE_WRITER,               "SELECT n_messages FROM event WHERE pk = ?1") \
	X(ST_ROOM_COUNTERS_SET, ROLE_WRITER,               "UPDATE room SET last_seq = ?2, n_messages = ?3, n_members = ?4 WHERE no = ?1") \
	X(ST_ROOM_INSERT,       ROLE_WRITER, \
	  "INSERT INTO room (id, kind, name, name_key, topic, last_seq, n_messages, n_members, created_ms, skeleton, private_key)" \
	  " VALUES (?1, ?2, ?3, CASE WHEN ?2 = 0 THEN ?4 END, ?5, 0, 0, 0, ?6, skeleton(?3), CASE WHEN ?2 <> 0 THEN ?4 END)") \
	X(ST_ROOM_SET_NAME,     ROLE_WRITER,               \
	  "UPDATE room SET name = ?2, name_key = CASE WHEN kind = 0 THEN ?3 END, private_key = CASE WHEN kind <> 0 THEN ?3 END," \
	  " skeleton = CASE WHEN name = ?2 THEN skeleton ELSE skeleton(?2) END WHERE no = ?1") \
	X(ST_ROOM_SET_TOPIC,    ROLE_WRITER,               "UPDATE room SET topic = ?2 WHERE no = ?1") \
	X(ST_ROOM_BY_NO,        ROLE_WRITER | ROLE_READER, "SELECT " ROOM_COLUMNS " FROM room r WHERE r.no = ?1") \
	X(ST_ROOM_BY_ID,        ROLE_READER,               "SELECT " ROOM_COLUMNS " FROM room r WHERE r.id = ?1") \
	X(ST_ROOM_ALIKE,        ROLE_WRITER, \
	  "SELECT 1 FROM room WHERE (name_key = ?1 OR (name_key IS NOT NULL AND skeleton = skeleton(?2))) AND no <> ?3" \
	  " AND NOT EXISTS (SELECT 1 FROM room WHERE no = ?3 AND name = ?2) UNION ALL " \
	  "SELECT 1 FROM member m CROSS JOIN room r ON r.no = m.room_no WHERE m.user_no = ?4 AND r.kind <> 0 AND r.no <> ?3" \
	  " AND (r.private_key = ?1 OR r.skeleton = skeleton(?2))" \
	  " AND NOT EXISTS (SELECT 1 FROM room WHERE no = ?3 AND name = ?2) LIMIT 1") \
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
	X(ST_MEMBER_GET,        ROLE_WRITER,               "SELECT role, read_seq, read_messages FROM member WHERE user_no = ?1 AND room_no = ?2") \
	X(ST_MEMBER_COUNT,      ROLE_WRITER,               "SELECT count(*) FROM (SELECT 1 FROM member WHERE user_no = ?1 LIMIT ?2)") \
	X(ST_MEMBER_INSERT,     ROLE_WRITER, \
	  "INSERT INTO member (user_no, room_no, role, read_seq, read_messages, joined_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?4)") \
	X(ST_MEMBER_DELETE,     ROLE_WRITER,               "DELETE FROM member WHERE user_no = ?1 AND room_no = ?2") \
	X(ST_MEMBER_MARK,       ROLE_WRITER,               "UPDATE member SET read_seq = ?3, read_messages = ?4 WHERE user_no = ?1 AND room_no = ?2 AND read_seq < ?3") \
	X(ST_MEMBER_SET_ROLE,   ROLE_WRITER,               "UPDATE member SET role = ?3 WHERE user_no = ?1 AND room_no = ?2") \
	X(ST_MEMBER_HEIR,       ROLE_WRITER, \
	  "SELECT " USER_COLUMNS " FROM member m INDEXED BY member_by_room JOIN account u ON u.no = m.user_no WHERE m.room_no = ?1" \
	  " AND m.ended IS NULL AND NOT EXISTS (SELECT 1 FROM member o INDEXED BY member_by_room WHERE o.room_no = ?1 AND o.role = 1)" \
	  " ORDER BY u.kind, m.joined_seq LIMIT 1") \
	X(ST_MEMBER_ENDED,      ROLE_WRITER, \
	  "SELECT " USER_COLUMNS ", m.room_no, m.role FROM member m INDEXED BY member_ended JOIN account u ON u.no = m.user_no WHERE m.ended = 1") \
	X(ST_MEMBER_PAGE,       ROLE_READER, \
	  "SELECT " USER_COLUMNS ", m.role FROM member m INDEXED BY member_by_room JOIN account u ON u.no = m.user_no" \
	  " WHERE m.room_no = ?1 AND m.user_no > coalesce((SELECT no FROM account WHERE id = ?2), 0)" \
	  " ORDER BY m.user_no LIMIT ?3") \
	X(ST_MEMBER_OF,         ROLE_READER, \
	  "SELECT " ROOM_COLUMNS ", m.role, m.read_seq, m.read_messages FROM member m JOIN room r ON r.no = m.room_no WHERE m.user_no = ?1") \
	X(ST_USER_INSERT,       ROLE_WRITER, \
	  "INSERT INTO account (id, kind, role, name, name_key, password_hash, created_by_no, created_ms, skeleton)" \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, CASE WHEN ?2 <> 2 THEN skeleton(?4) END)") \
	X(ST_USER_ALIKE,        ROLE_WRITER, \
	  "SELECT 1 FROM account WHERE kind <> 2 AND name_key = ?1 UNION ALL " \
	  "SELECT 1 FROM account WHERE kind <> 2 AND skeleton = skeleton(?2) LIMIT 1") \
	X(ST_USER_BY_NO,        ROLE_WRITER | ROLE_READER, "SELECT " USER_COLUMNS " FROM account u WHERE u.no = ?1") \
	X(ST_USER_BY_ID,        ROLE_WRITER,               "SELECT " USER_COLUMNS " FROM account u WHERE u.id = ?1") \
	X(ST_USER_CAN_BE,       ROLE_WRITER, \
	  "SELECT 1 FROM account u WHERE u.no = ?1 AND (u.kind <> 2 OR EXISTS (SELECT 1 FROM token t WHERE t.user_no = u.no))") \
	X(ST_USER_BY_KEY,       ROLE_WRITER | ROLE_READER, \
	  "SELECT " USER_COLUMNS ", u.password_hash FROM account u WHERE u.name_key = ?1 AND u.kind <> 2") \
	X(ST_USER_OWNER,        ROLE_WRITER | ROLE_READER, "SELECT 1 FROM account WHERE role = 1 LIMIT 1") \
	X(ST_USER_HAS_PASSWORD, ROLE_WRITER,               "SELECT 1 FROM account WHERE no = ?1 AND password_hash = ?2") \
	X(ST_USER_SET_PASSWORD, ROLE_WRITER,               "UPDATE account SET password_hash = ?2 WHERE no = ?1") \
	X(ST_USER_SET_ROLE,     ROLE_WRITER,               "UPDATE account SET role = ?2 WHERE no = ?1") \
	X(ST_TOKEN_INSERT,      ROLE_WRITER,               "INSERT INTO token (hash, user_no, kind, created_ms, used_day) VALUES (?1, ?2, ?3, ?4, ?5)") \
	X(ST_TOKEN_FIND,        ROLE_WRITER | ROLE_READER, "SELECT user_no, kind, used_day FROM token WHERE hash = ?1") \
	X(ST_TOKEN_TOUCH,       ROLE_WRITER,               "UPDATE token SET used_day = ?2 WHERE hash = ?1 AND used_day < ?2") \
	X(ST_TOKEN_DELETE,      ROLE_WRITER,               "DELETE FROM token WHERE hash = ?1") \
	X(ST_TOKEN_DELETE_OF,   ROLE_WRITER,               "DELETE FROM token WHERE user_no = ?1 AND kind <= ?2") \
	X(ST_TOKEN_DELETE_OLD,  ROLE_WRITER,               \
	  "DELETE FROM token WHERE hash IN (SELECT hash FROM token WHERE kind = 0 AND used_day < ?1 LIMIT ?2)") \
	X(ST_TOKEN_WATCH_SET,   ROLE_WRITER,               \
	  "INSERT INTO meta (key, value) VALUES ('tokens_asked_day', ?1), ('tokens_watched_ms', ?2)" \
	  " ON CONFLICT (key) DO UPDATE SET value = excluded.value") \
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
