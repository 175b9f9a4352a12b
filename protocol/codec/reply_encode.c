#include "reply_encode.h"

#include <string.h>

static void append_ref(struct buf *out, const struct reply_ref *ref)
{
	if (ref == NULL || ref->n == 0)
		return;
	buf_append_str(out, ",\"ref\":");
	if (ref->is_number)
		buf_append(out, ref->text, ref->n);
	else
		buf_append_json_string(out, ref->text, ref->n);
}

void reply_encode_ok(struct buf *out, const struct reply_ref *ref, const void *data, size_t n)
{
	buf_reserve(out, n + 128);
	buf_append_str(out, "{\"type\":\"ok\"");
	append_ref(out, ref);
	buf_append_str(out, ",\"data\":");
	if (ref != NULL && ref->ran != NULL) {
		buf_append_str(out, "{\"ran\":\"");
		buf_append_str(out, ref->ran);
		buf_append_str(out, "\",\"reply\":");
	}
	buf_append(out, data, n);
	buf_append_str(out, ref != NULL && ref->ran != NULL ? "}}" : "}");
}

struct error_form {
	enum wire_error code;
	const char *message; /* NULL: the code's own */
	const char *field;   /* NULL: none */
	bool retryable;
	uint32_t retry_after_ms; /* 0: none */
};

static void append_error(struct buf *out, const struct reply_ref *ref, const struct error_form *e)
{
	const char *text = e->message != NULL ? e->message : wire_error_message(e->code);

	buf_append_str(out, "{\"type\":\"error\"");
	append_ref(out, ref);
	buf_append_str(out, ",\"data\":{\"code\":\"");
	buf_append_str(out, wire_error_code(e->code));
	buf_append_str(out, "\",\"message\":");
	buf_append_json_string(out, text, strlen(text));
	buf_append_str(out, e->retryable ? ",\"retryable\":true" : ",\"retryable\":false");
	if (e->field != NULL) {
		buf_append_str(out, ",\"field\":");
		buf_append_json_string(out, e->field, strlen(e->field));
	}
	if (e->retry_after_ms > 0) {
		buf_append_str(out, ",\"retry_after_ms\":");
		buf_append_u64(out, e->retry_after_ms);
	}
	buf_append_str(out, "}}");
}

void reply_encode_error(struct buf *out, const struct reply_ref *ref, enum wire_error code, const char *message, uint32_t retry_after_ms)
{
	append_error(out, ref,
		     &(struct error_form){
			     .code = code, .message = message, .retryable = wire_error_retryable(code), .retry_after_ms = retry_after_ms});
}

void reply_encode_fault(struct buf *out, const struct reply_ref *ref, const struct request_fault *fault)
{
	append_error(out, ref,
		     &(struct error_form){.code = fault->code,
					  .message = fault->message,
					  .field = fault->field,
					  .retryable = wire_error_retryable(fault->code)});
}

void reply_encode_final_error(struct buf *out, const struct reply_ref *ref, enum wire_error code, const char *message)
{
	append_error(out, ref, &(struct error_form){.code = code, .message = message});
}
