/* STORE_HOOK_LIST and STORE_HOOK_FIND. */
#include "base/clock.h"
#include "base/memory.h"
#include "store/work/rows.h"
#include "store/work/store_reader.h"
#include "store/work/token_age.h"

#include <errno.h>

#define HOOK_COLUMNS "h.adapter, h.secret, h.template, h.may_mention, h.used_day, u.created_ms"
enum { HOOK_AT = USER_COLUMN_COUNT, HOOK_COLUMN_COUNT = 6, MAKER_AT = HOOK_AT + HOOK_COLUMN_COUNT, ASK_AT = MAKER_AT + 4 };

static const struct db_statement hook_by_token = {
	.sql = "SELECT " USER_COLUMNS ", " HOOK_COLUMNS ", " ROOM_COLUMNS
	       ", (SELECT max(q.hops) FROM hook_reply q WHERE q.account_no = h.account_no AND q.until_ms > $2)"
	       " FROM hook h JOIN account u ON u.no = h.account_no JOIN room r ON r.no = h.room_no WHERE h.token_hash = $1",
	.parameters = "bn"};
#define OF_ROOM(join_asks) \
	"SELECT " USER_COLUMNS ", " HOOK_COLUMNS ", c.no, c.id, c.kind, c.name," \
	" k.url, k.command, k.words, k.hint, k.description, k.hears_hooks" \
	" FROM hook h JOIN account u ON u.no = h.account_no LEFT JOIN account c ON c.no = u.created_by_no " join_asks \
	" hook_ask k ON k.account_no = h.account_no WHERE h.room_no = $1 ORDER BY h.account_no LIMIT $2"
static const struct db_statement hooks_of_room = {.sql = OF_ROOM("LEFT JOIN"), .parameters = "nn"};
static const struct db_statement asking_of_room = {.sql = OF_ROOM("JOIN"), .parameters = "nn"};

/* The hook on the row that the answer is on. */
static bool read_hook(struct db_answer *answer, struct store_hook *out)
{
	*out = (struct store_hook){0};
	bool good = rows_user(answer, &out->account);
	out->adapter = db_column_copy(answer, HOOK_AT);
	out->secret = db_column_copy(answer, HOOK_AT + 1);
	out->template_text = db_column_copy(answer, HOOK_AT + 2);
	out->may_mention = db_column_signed(answer, HOOK_AT + 3) != 0;
	out->used_day = db_column_signed(answer, HOOK_AT + 4);
	out->created_ms = db_column_signed(answer, HOOK_AT + 5);
	if (good && out->adapter)
		return true;
	store_hook_finish(out);
	return false;
}

/* Who made it, where that is known. */
static void read_maker(struct db_answer *answer, struct store_hook *hook)
{
	enum { ID = MAKER_AT + 1, KIND, NAME };
	hook->made.name = db_column_copy(answer, NAME);
	if (hook->made.name && db_column_uid(answer, ID, &hook->made.id)) {
		hook->made.no = db_column_number(answer, MAKER_AT);
		hook->made.kind = (enum user_kind)db_column_signed(answer, KIND);
	}
}

/* Whom it asks. False: the row makes no sense. */
static bool read_ask(struct db_answer *answer, struct store_hook_ask *ask)
{
	enum { URL = ASK_AT, COMMAND, WORDS, HINT, DESCRIPTION, HEARS };
	ask->url = db_column_copy(answer, URL);
	if (!ask->url)
		return true;
	ask->command = db_column_copy(answer, COMMAND);
	ask->words = db_column_copy(answer, WORDS);
	ask->hint = db_column_copy(answer, HINT);
	ask->description = db_column_copy(answer, DESCRIPTION);
	ask->hears_hooks = db_column_signed(answer, HEARS) != 0;
	return ask->hint && ask->description;
}

int read_hook_list(struct store_reader *r, struct store_hook_list *op)
{
	int result;
	size_t n_room = 0;
	op->n_hooks = 0;
	op->hooks = NULL;
	auto_answer *answer =
		db_ask(r->db, op->that_ask ? &asking_of_room : &hooks_of_room, db_number(op->room_no), db_number(STORE_HOOKS_LISTED_MAX));
	while ((result = db_row(answer)) == DB_ROW && op->n_hooks < STORE_HOOKS_LISTED_MAX) {
		if (op->n_hooks == n_room) {
			n_room = n_room ? 2 * n_room : 4;
			op->hooks = mem_realloc(op->hooks, n_room * sizeof *op->hooks);
		}
		struct store_hook *hook = &op->hooks[op->n_hooks];
		if (!read_hook(answer, hook)) {
			result = READ_NO_SENSE;
			break;
		}
		read_maker(answer, hook);
		op->n_hooks++;
		if (!read_ask(answer, &hook->ask)) {
			result = READ_NO_SENSE;
			break;
		}
	}
	if (result == DB_DONE)
		return 0;
	store_hook_list_finish(op);
	return store_reader_failed(r, result, "hook_list");
}

int read_hook_find(struct store_reader *r, struct store_hook_find *op)
{
	op->hook = (struct store_hook){0};
	op->room = (struct store_room){0};
	int64_t now_ms = clock_wall_ms(), asked_until_ms = now_ms + STORE_ASK_REPLY_MS - STORE_ASK_HOPS_MS;
	auto_answer *answer = db_ask(r->db, &hook_by_token, db_bytes(op->token_hash, sizeof op->token_hash), db_signed(asked_until_ms));
	int result = db_row(answer);
	if (result == DB_DONE)
		return -ENOENT;
	if (result == DB_ROW && (!read_hook(answer, &op->hook) || !rows_room_at(answer, HOOK_AT + HOOK_COLUMN_COUNT, &op->room)))
		result = READ_NO_SENSE;
	if (result != DB_ROW) {
		store_hook_find_finish(op);
		return store_reader_failed(r, result, "hook_find");
	}
	enum { HOPS = HOOK_AT + HOOK_COLUMN_COUNT + ROOM_COLUMN_COUNT };
	op->hops = db_column_is_null(answer, HOPS) ? 1 : db_column_number(answer, HOPS) + 1;
	int64_t today = token_age_day(now_ms);
	if (op->hook.used_day < today)
		commit_queue_touch_token(r->writes, TOUCH_HOOK, op->token_hash, today);
	return 0;
}
