/* STORE_WEBHOOK_FIND, STORE_WEBHOOK_PAGE and STORE_WEBHOOK_FREE. */
#include "base/memory.h"
#include "store/work/store_reader.h"
#include "store/work/subscription_find.h"
#include "store/work/subscription_row.h"

#include <errno.h>

#define WEBHOOK_COLUMNS "w.subscription_no, w.url, w.secret, w.old_secret, w.old_until_ms, w.ca, w.headers, w.reason, w.failing_since_ms"
static const struct db_statement by_no = {
	.sql = "SELECT " WEBHOOK_COLUMNS ", coalesce(l.attempts, '[]') FROM webhook w"
	       " LEFT JOIN webhook_log l ON l.subscription_no = w.subscription_no WHERE w.subscription_no = $1",
	.parameters = "n"};
static const struct db_statement of_owner = {.sql = "SELECT " WEBHOOK_COLUMNS
						    " FROM webhook w JOIN subscription s ON s.no = w.subscription_no"
						    " WHERE s.owner_no = $1 AND s.no > $2 ORDER BY s.no",
					     .parameters = "nn"};
#define FREE(now) \
	"SELECT no FROM subscription WHERE kind = 1 AND status = 0 AND (lease_until_ms <= " now \
	" OR lease_holder = $2) AND no > $1 ORDER BY no LIMIT $3"
static const struct db_statement without_lease = {.sql = FREE(NOW_MS_SQLITE), .postgres = FREE(NOW_MS_POSTGRES), .parameters = "nbn"};

static const struct db_statement fences = {
	.sql = "SELECT no, fence FROM subscription WHERE no IN (SELECT value FROM json_each($1)) ORDER BY no",
	.postgres = "SELECT no, fence FROM subscription WHERE no = ANY ($1) ORDER BY no",
	.parameters = "N"};

enum { NO, URL, SECRET, OLD_SECRET, OLD_UNTIL_MS, CA, HEADERS, REASON, FAILING_SINCE_MS, LOG };

/* False: the row is damaged, and *out is empty. */
static bool read_row(struct db_answer *answer, struct store_webhook *out)
{
	*out = (struct store_webhook){.url = db_column_copy(answer, URL),
				      .secret = db_column_copy(answer, SECRET),
				      .old_secret = db_column_copy(answer, OLD_SECRET),
				      .ca = db_column_copy(answer, CA),
				      .headers = db_column_copy(answer, HEADERS),
				      .reason = db_column_copy(answer, REASON),
				      .old_until_ms = db_column_signed(answer, OLD_UNTIL_MS),
				      .failing_since_ms = db_column_signed(answer, FAILING_SINCE_MS)};
	if (out->url && out->secret && out->old_secret && out->ca && out->headers && out->reason)
		return true;
	store_webhook_finish(out);
	return false;
}

int read_webhook_find(struct store_reader *r, struct store_webhook_find *op)
{
	op->webhook = (struct store_webhook){0};
	op->log = NULL;
	int result = subscription_find(r, &op->which, &op->subscription);
	if (result == DB_ROW) {
		auto_answer *answer = db_ask(r->db, &by_no, db_number(op->subscription.no));
		result = db_row(answer);
		if (result == DB_ROW && !read_row(answer, &op->webhook))
			result = READ_NO_SENSE;
		if (result == DB_ROW)
			op->log = db_column_copy(answer, LOG);
	}
	if (result == DB_ROW)
		return 0;
	store_webhook_find_finish(op);
	return result == DB_DONE ? -ENOENT : store_reader_failed(r, result, "webhook_find");
}

int read_webhook_page(struct store_reader *r, struct store_webhook_page *op)
{
	op->webhooks = NULL;
	op->page.kind = SUBSCRIPTION_WEBHOOK;
	int result = read_subscription_page(r, &op->page);
	if (result != 0)
		return result;
	op->webhooks = mem_zalloc((op->page.n_listed + 1) * sizeof *op->webhooks);
	auto_answer *answer = db_ask(r->db, &of_owner, db_number(op->page.owner_no), db_number(op->page.after_no));
	size_t at = 0;
	while (at < op->page.n_listed && (result = db_row(answer)) == DB_ROW) {
		uint64_t no = db_column_number(answer, NO);
		while (at < op->page.n_listed && op->page.listed[at].subscription.no < no)
			at++;
		if (at < op->page.n_listed && op->page.listed[at].subscription.no == no && !read_row(answer, &op->webhooks[at])) {
			result = READ_NO_SENSE;
			break;
		}
	}
	if (result >= 0)
		return 0;
	store_webhook_page_finish(op);
	return store_reader_failed(r, result, "webhook_page");
}

static int read_fences(struct db_answer *answer, struct store_webhook_free *op)
{
	int result;
	for (size_t i = 0; i < op->n_known; i++)
		op->fences[i] = 0;
	while ((result = db_row(answer)) == DB_ROW)
		for (size_t i = 0; i < op->n_known; i++)
			if (op->known_nos[i] == db_column_signed(answer, 0))
				op->fences[i] = db_column_number(answer, 1);
	return result;
}

int read_webhook_free(struct store_reader *r, struct store_webhook_free *op)
{
	const struct uid only = webhook_only_holder();
	int result;
	op->n_nos = 0;
	op->more = false;
	auto_answer *answer = db_ask(r->db, &without_lease, db_number(op->after_no), db_uid(&only), db_number(STORE_WEBHOOKS_FREE_MAX + 1));
	auto_answer *known = op->n_known > 0 ? db_ask(r->db, &fences, db_numbers(op->known_nos, op->n_known)) : NULL;
	while ((result = db_row(answer)) == DB_ROW && !op->more) {
		op->more = op->n_nos == STORE_WEBHOOKS_FREE_MAX;
		if (!op->more)
			op->nos[op->n_nos++] = db_column_signed(answer, 0);
	}
	if (result >= 0 && known)
		result = read_fences(known, op);
	return result >= 0 ? 0 : store_reader_failed(r, result, "webhook_free");
}
