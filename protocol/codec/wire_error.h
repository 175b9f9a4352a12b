/*
 * The table of wire errors: every refusal a client can meet, with its code, whether trying again helps, and the HTTP
 * status it has on that transport. The client's fault has exactly one shape: a row here.
 */
#ifndef PARLEY_CODEC_WIRE_ERROR_H
#define PARLEY_CODEC_WIRE_ERROR_H

#include <stdbool.h>

/*      symbol                 code on the wire       retryable  HTTP  default message */
/* clang-format off */
#define WIRE_ERROR_TABLE(X) \
	X(WIRE_INVALID_JSON,        "invalid_json",        false, 400, "the frame is not a JSON object") \
	X(WIRE_INVALID_REQUEST,     "invalid_request",     false, 400, "the request is not valid") \
	X(WIRE_UNKNOWN_TYPE,        "unknown_type",        false, 404, "there is no command of this type") \
	X(WIRE_UNAUTHENTICATED,     "unauthenticated",     false, 401, "sign in first") \
	X(WIRE_WRONG_CREDENTIALS,   "wrong_credentials",   false, 401, "the name or the password is wrong") \
	X(WIRE_INVALID_TOKEN,       "invalid_token",       false, 401, "the token is unknown, expired or revoked") \
	X(WIRE_GUESTS_OFF,          "guests_off",          false, 403, "guests are not allowed on this server") \
	X(WIRE_ACCOUNTS_CLOSED,     "accounts_closed",     false, 403, "on this server the operator makes the accounts") \
	X(WIRE_FORBIDDEN,           "forbidden",           false, 403, "you may not do this") \
	X(WIRE_NOT_FOUND,           "not_found",           false, 404, "there is no such thing, or you may not see it") \
	X(WIRE_NAME_TAKEN,          "name_taken",          false, 409, "this name is taken, or looks like one that is") \
	X(WIRE_ALREADY_STARTED,     "already_started",     false, 409, "this connection is signed in already") \
	X(WIRE_TOO_MANY_SESSIONS,   "too_many_sessions",   true,  429, "this account has as many sessions as it may have; end one of them") \
	X(WIRE_TOO_LARGE,           "too_large",           false, 413, "this is larger than the limit") \
	X(WIRE_LIMIT_REACHED,       "limit_reached",       false, 409, "a limit of this server is reached") \
	X(WIRE_RATE_LIMITED,        "rate_limited",        true,  429, "too many requests; slow down") \
	X(WIRE_UNAVAILABLE,         "unavailable",         true,  503, "the server cannot do this right now") \
	X(WIRE_METHOD_NOT_ALLOWED,  "method_not_allowed",  false, 405, "this method is not allowed here") \
	X(WIRE_UNSUPPORTED_MEDIA,   "unsupported_media",   false, 415, "send application/json") \
	X(WIRE_BAD_ORIGIN,          "bad_origin",          false, 403, "pages of this Origin are not allowed here (parleyd --origin)") \
	X(WIRE_INTERNAL,            "internal",            true,  500, "the server failed")
/* clang-format on */

enum wire_error {
	WIRE_OK = 0,
#define X(symbol, code, retryable, status, message) symbol,
	WIRE_ERROR_TABLE(X)
#undef X
		WIRE_ERROR_COUNT
};

const char *wire_error_code(enum wire_error e);
bool wire_error_retryable(enum wire_error e);
int wire_error_http_status(enum wire_error e); /* 200 for WIRE_OK */
const char *wire_error_message(enum wire_error e);

#endif
