#include "cli/webhook_attempt.h"

#include "cli/cli_say.h"
#include "codec/buf.h"

#include <string.h>

bool webhook_attempt_took(const struct webhook_attempt *a)
{
	return a->status >= 200 && a->status < 300;
}

void webhook_attempt_print(const struct webhook_attempt *a)
{
	auto_buf line = BUF_INIT;
	size_t n_reply = a->reply == NULL || webhook_attempt_took(a) ? 0 : strcspn(a->reply, "\r\n");

	if (a->at != NULL)
		buf_appendf(&line, "%s ", a->at);
	if (a->status > 0)
		buf_appendf(&line, "%lld %lld ms", a->status, a->latency_ms);
	else
		buf_appendf(&line, "%s %lld ms", a->outcome, a->latency_ms);
	if (a->event != NULL)
		buf_appendf(&line, " %s %s %lld %s", a->type, a->room == NULL ? "-" : a->room, a->seq, a->event);
	if (a->tries > 1)
		buf_appendf(&line, " try %lld", a->tries);
	if (n_reply > 0)
		buf_appendf(&line, ": %.*s", (int)n_reply, a->reply);
	buf_append_byte(&line, '\0');
	cli_print("%s", (const char *)line.data);
}
