/* An endpoint's own troubles, told to the sessions of its owner that take events, and to the log. */
#include "base/log.h"
#include "base/secret.h"
#include "chat/session.h"
#include "chat/user.h"
#include "delivery/delivery_state.h"
#include "room/follower.h"

#include <stdlib.h>
#include <string.h>

void delivery_probe_later(struct delivery_worker *w)
{
	uint64_t after_ms = webhook_probe_ms(&w->deliveries->config.schedule, secret_random_below(UINT32_MAX));
	w->probe_ms = loop_now_ms(w->deliveries->chat->loop) + after_ms;
}

void delivery_set_failing(struct delivery_worker *w, bool is_failing)
{
	metric_change(&w->deliveries->chat->metrics->webhooks_failing, (int)is_failing - (int)w->is_failing);
	w->is_failing = is_failing;
	delivery_probe_later(w);
}

void delivery_tell(struct delivery_worker *w, enum event_type type, const char *reason)
{
	char id[UID_TEXT_BYTES + 1];
	auto_buf data = BUF_INIT;
	uid_format(&w->id, id);
	buf_appendf(&data, "{\"webhook\":\"%s\",\"name\":", id);
	buf_append_json_string(&data, w->name, strlen(w->name));
	if (reason) {
		buf_append_str(&data, ",\"reason\":");
		buf_append_json_string(&data, reason, strlen(reason));
	}
	buf_append_byte(&data, '}');
	if (type == EVENT_WEBHOOK_DISABLED)
		metric_add(&w->deliveries->chat->metrics->webhook_disabled_total, 1);
	LOG_INFO(event_type_name(type), LOG_S("webhook", id), LOG_S("reason", reason ? reason : ""));
	list_for_each(it, &w->owner->sessions) {
		struct session *s = list_entry(it, struct session, in_user);
		if (session_receives(s))
			follower_tell_event(&s->follower, type, NULL, data.data, data.len);
	}
}
