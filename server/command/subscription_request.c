#include "command/subscription_request.h"

#include "command/account/account_make.h"
#include "subscription/filter.h"

#include <stdlib.h>

struct subscription_ref subscription_ref_of(const struct call *call, enum subscription_kind kind, struct text named)
{
	struct subscription_ref ref = {.owner_no = call->user->no, .kind = kind, .name = named};
	(void)uid_parse(named.s, named.n, &ref.id);
	return ref;
}

/* A name that looks like an id could not be told from one. */
bool subscription_read_name(const struct call *call, struct text given, struct buf *name)
{
	auto_buf key = BUF_INIT;
	struct uid id;
	if (!given.s)
		return true;
	if (!account_clean_name(call, "name", given, name, &key))
		return false;
	bool is_id = uid_parse((const char *)name->data, name->len, &id);
	if (is_id)
		call_refuse(call, "name", "data.name: must not be an id");
	return !is_id;
}

bool subscription_read_filter(const struct call *call, const json_t *given, struct buf *text)
{
	struct filter filter;
	char fault[FILTER_FAULT_BYTES];
	if (!given)
		return true;
	if (!filter_read(&filter, given, fault)) {
		call_refuse(call, "filter", fault);
		return false;
	}
	auto_free char *json = json_dumps(given, JSON_COMPACT);
	buf_append_str(text, json);
	return true;
}

int64_t subscription_place(bool has_since_ms, uint64_t since_ms, bool is_from_start)
{
	if (has_since_ms)
		return (int64_t)since_ms;
	return is_from_start ? SUBSCRIPTION_FROM_START : SUBSCRIPTION_FROM_END;
}
