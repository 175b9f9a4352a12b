#include "store/postgres/postgres_skeletons.h"

#include "base/log.h"
#include "codec/buf.h"
#include "store/postgres/db_postgres.h"
#include "store/postgres/postgres_schema.h"
#include "store/work/skeleton.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_AT_ONCE = 1000 };

/* Of names that look alike since before they had skeletons, the first has the skeleton and the others stay without one. */
#define FIND(table, condition) \
	{ \
		.sql = "SELECT no, name, skeleton FROM " table " WHERE no > $1 AND " condition("") " ORDER BY no LIMIT $2", \
		.parameters = "nn" \
	}
#define CLEAR(table) \
	{ \
		.sql = "UPDATE " table " SET skeleton = NULL WHERE no = ANY ($1) RETURNING 1", .parameters = "N" \
	}
#define FILL(table, condition) \
	{ \
		.sql = "UPDATE " table " t SET skeleton = n.skeleton FROM (SELECT DISTINCT ON (skeleton) no, skeleton" \
		       " FROM json_to_recordset($1::json) AS j(no bigint, skeleton text COLLATE \"C\") ORDER BY skeleton, no) n" \
		       " WHERE t.no = n.no AND NOT EXISTS (SELECT 1 FROM " table \
		       " o WHERE o.skeleton = n.skeleton AND " condition("o.") ") RETURNING 1", \
		.parameters = "t" \
	}
#define IS_UNIQUE_ACCOUNT(of) ACCOUNT_IS_NAMED(of "kind")
#define IS_UNIQUE_ROOM(of) of "name_key IS NOT NULL"

static const struct names {
	struct db_statement find, clear, fill;
} tables[] = {
	{FIND("account", IS_UNIQUE_ACCOUNT), CLEAR("account"), FILL("account", IS_UNIQUE_ACCOUNT)},
	{FIND("room", IS_UNIQUE_ROOM), CLEAR("room"), FILL("room", IS_UNIQUE_ROOM)},
};

static const struct db_statement version_get = {.sql = "SELECT bytes FROM meta WHERE key = 'skeletons'", .parameters = ""};
static const struct db_statement version_set = {
	.sql = "INSERT INTO meta (key, bytes) VALUES ('skeletons', convert_to($1, 'UTF8')) ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes"
	       " RETURNING 1",
	.parameters = "t"};
static const struct db_statement wait_for_locks = {.sql = "SELECT set_config('lock_timeout', '0', true)", .parameters = ""};
static const struct db_statement lock_schema = {.sql = "SELECT " POSTGRES_LOCK_SQL, .parameters = ""};
static const struct db_statement lock_names = {.sql = "LOCK TABLE account, room IN SHARE ROW EXCLUSIVE MODE", .parameters = ""};

struct renewal {
	struct db *db;
	struct skeletons *skeletons;
	char version[SKELETON_VERSION_BYTES], version_before[SKELETON_VERSION_BYTES]; /* before: "": there were none */
	uint64_t n_names, n_changed;
};

/* DB_ROW: it is the version that is stored; DB_DONE: it is not; or a failure. */
static int look_at_version(struct renewal *r)
{
	auto_answer *stored = db_ask_plain(r->db, &version_get);
	int rc = db_row(stored);
	r->version_before[0] = '\0';
	if (rc != DB_ROW)
		return rc;
	struct text is = db_column_bytes(stored, 0);
	size_t n = is.n < sizeof r->version_before ? is.n : sizeof r->version_before - 1;
	if (n > 0)
		memcpy(r->version_before, is.s, n);
	r->version_before[n] = '\0';
	return strcmp(r->version_before, r->version) == 0 ? DB_ROW : DB_DONE;
}

/* Those whose skeleton is another one, of a page after *no: which they are, and as JSON. DB_DONE, or a failure; *n_rows: of the page. */
static int read_page(struct renewal *r, const struct names *t, uint64_t *no, struct buf *json, int64_t *others, size_t *n_others,
		     size_t *n_rows)
{
	int rc;
	auto_answer *found = db_ask(r->db, &t->find, db_number(*no), db_number(NAMES_AT_ONCE));
	*n_others = 0;
	buf_append_byte(json, '[');
	for (*n_rows = 0; (rc = db_row(found)) == DB_ROW && *n_rows < NAMES_AT_ONCE; ++*n_rows) {
		struct text name = db_column_bytes(found, 1);
		*no = db_column_number(found, 0);
		if (!name.s)
			return DB_DAMAGED;
		struct text skeleton = skeleton_of(r->skeletons, name), before = db_column_bytes(found, 2);
		if (!before.s || before.n != skeleton.n || memcmp(before.s, skeleton.s, before.n) != 0) {
			buf_appendf(json, "%s{\"no\":%llu,\"skeleton\":", *n_others > 0 ? "," : "", (unsigned long long)*no);
			buf_append_json_string(json, skeleton.s, skeleton.n);
			buf_append_byte(json, '}');
			others[(*n_others)++] = (int64_t)*no;
		}
		free((char *)(uintptr_t)skeleton.s);
	}
	buf_append_byte(json, ']');
	return rc;
}

/* Of a page that was asked to be changed: DB_DONE, or a failure. */
static int changed(struct db_answer *answer, uint64_t *n)
{
	int rc;
	while ((rc = db_row(answer)) == DB_ROW)
		++*n;
	return rc;
}

/* fills: sets what is right where nothing is, else takes away what is wrong. Those come first, for all names: what one had another one may need. */
static int walk(struct renewal *r, const struct names *t, bool fills)
{
	auto_free int64_t *others = mem_alloc(NAMES_AT_ONCE * sizeof *others);
	uint64_t no = 0, ignored = 0;
	size_t n_others, n_rows;
	int rc;
	do {
		auto_buf json = BUF_INIT;
		rc = read_page(r, t, &no, &json, others, &n_others, &n_rows);
		r->n_names += fills ? n_rows : 0;
		if (rc < 0 || n_others == 0)
			continue;
		struct text page = {.s = (const char *)json.data, .n = json.len};
		auto_answer *done = fills ? db_ask(r->db, &t->fill, db_text(page)) : db_ask(r->db, &t->clear, db_numbers(others, n_others));
		rc = changed(done, fills ? &r->n_changed : &ignored);
	} while (rc >= 0 && n_rows == NAMES_AT_ONCE);
	return rc;
}

static int ask_once(struct db_answer *answer)
{
	int rc = db_row(answer);
	db_done(answer);
	return rc < 0 ? rc : DB_OK;
}

/* Within the transaction. DB_ROW: somebody else has done it. */
static int renew(struct renewal *r)
{
	int rc = db_postgres_take_long(r->db);
	if (rc == DB_OK)
		rc = ask_once(db_ask_plain(r->db, &wait_for_locks));
	if (rc == DB_OK)
		rc = ask_once(db_ask_plain(r->db, &lock_schema));
	if (rc == DB_OK)
		rc = look_at_version(r);
	if (rc != DB_DONE)
		return rc;
	rc = ask_once(db_ask_plain(r->db, &lock_names));
	for (size_t i = 0; i < sizeof tables / sizeof tables[0] && rc >= 0; i++) {
		rc = walk(r, &tables[i], false);
		if (rc >= 0)
			rc = walk(r, &tables[i], true);
	}
	if (rc >= 0)
		rc = ask_once(db_ask(r->db, &version_set, db_text((struct text){.s = r->version, .n = strlen(r->version)})));
	return rc;
}

int postgres_skeletons_renew(struct db *db)
{
	struct renewal r = {.db = db};
	skeleton_version(r.version);
	int rc = look_at_version(&r);
	if (rc == DB_ROW || rc < 0)
		return rc < 0 ? rc : DB_OK;
	r.skeletons = skeletons_new();
	rc = db_begin(db, true);
	if (rc == DB_OK)
		rc = renew(&r);
	skeletons_destroy(r.skeletons);
	bool is_done = rc == DB_OK && (rc = db_commit(db)) == DB_OK;
	if (!is_done && db_rollback(db) != DB_OK && rc >= 0)
		rc = DB_AWAY;
	if (is_done && r.version_before[0])
		LOG_WARN("store.skeletons_made_anew", LOG_S("version_before", r.version_before), LOG_S("version", r.version),
			 LOG_U("names", r.n_names), LOG_U("changed", r.n_changed),
			 LOG_S("what", "a server that still runs with the other version checks by its own which names look alike"));
	return rc < 0 ? rc : DB_OK;
}
