#include "store/work/subscription_row.h"

enum { NO, ID, OWNER_NO, KIND, NAME, FILTER, ORDERING, STATUS, ACK_WAIT_MS, MAX_TRIES, FENCE, LEASE_HOLDER, IS_LEASED, CREATED_MS };

bool subscription_row_read(struct db_answer *answer, struct store_subscription *out)
{
	uint64_t kind = db_column_number(answer, KIND), order = db_column_number(answer, ORDERING),
		 status = db_column_number(answer, STATUS);
	*out = (struct store_subscription){.no = db_column_number(answer, NO),
					   .owner_no = db_column_number(answer, OWNER_NO),
					   .ack_wait_ms = db_column_number(answer, ACK_WAIT_MS),
					   .max_tries = db_column_number(answer, MAX_TRIES),
					   .fence = db_column_number(answer, FENCE),
					   .created_ms = db_column_signed(answer, CREATED_MS)};
	out->is_leased = db_column_number(answer, IS_LEASED) != 0 && db_column_uid(answer, LEASE_HOLDER, &out->lease_holder);
	bool good = db_column_uid(answer, ID, &out->id) && kind <= SUBSCRIPTION_WEBHOOK && order <= SUBSCRIPTION_PER_ROOM &&
		    status <= SUBSCRIPTION_DISABLED;
	out->kind = (enum subscription_kind)kind;
	out->order = (enum subscription_order)order;
	out->status = (enum subscription_status)status;
	out->name = db_column_copy(answer, NAME);
	out->filter = db_column_copy(answer, FILTER);
	if (good && out->name && out->filter)
		return true;
	store_subscription_finish(out);
	*out = (struct store_subscription){0};
	return false;
}
