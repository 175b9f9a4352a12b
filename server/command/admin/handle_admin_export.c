#include "command/dispatch.h"
#include "command/message/history_page.h"
#include "command/room_lookup.h"

static void found(struct wait *w, struct room *r)
{
	const struct data_admin_export *d = &w->request.data.admin_export;
	if (r)
		history_page_go(wait_next(w, STORE_LOG_PAGE, history_page_arrived),
				(struct history_range){.after_seq = d->after, .limit = d->limit});
	else
		answer_error(&w->answer, WIRE_NOT_FOUND,
			     "there is no such room, or there are several private ones of this name: give its id", 0);
}

void handle_admin_export(struct call *call)
{
	room_lookup(call, found);
}
