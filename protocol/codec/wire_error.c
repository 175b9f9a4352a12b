#include "wire_error.h"

#include <assert.h>

static const struct {
	const char *code;
	const char *message;
	int http_status;
	bool retryable;
} wire_errors[WIRE_ERROR_COUNT] = {[WIRE_OK] = {"ok", "", 200, false},
#define X(symbol, wire_code, again, status, text) [symbol] = {wire_code, text, status, again},
				   WIRE_ERROR_TABLE(X)
#undef X
};

const char *wire_error_code(enum wire_error e)
{
	assert((unsigned)e < WIRE_ERROR_COUNT);
	return wire_errors[e].code;
}

bool wire_error_retryable(enum wire_error e)
{
	assert((unsigned)e < WIRE_ERROR_COUNT);
	return wire_errors[e].retryable;
}

int wire_error_http_status(enum wire_error e)
{
	assert((unsigned)e < WIRE_ERROR_COUNT);
	return wire_errors[e].http_status;
}

const char *wire_error_message(enum wire_error e)
{
	assert((unsigned)e < WIRE_ERROR_COUNT);
	return wire_errors[e].message;
}
