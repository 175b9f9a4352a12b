/* What became of one POST of a webhook. Plain values; any thread. */
#ifndef PARLEY_WEBHOOK_OUTCOME_H
#define PARLEY_WEBHOOK_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

enum { WEBHOOK_REPLY_BYTES = 1024, WEBHOOK_REPLY_BYTES_MAX = 16 * 1024 };

/* The word goes into the log of deliveries and into metrics. */
#define WEBHOOK_END_TABLE(X) \
	X(ANSWERED, "answered")               /* there is a status */ \
	X(TIMED_OUT, "timed_out")             /* none came in time */ \
	X(ADDRESS_REFUSED, "address_refused") /* each address that could be dialled is one that may not be (webhook_address.h) */ \
	X(NAME_NOT_FOUND, "name_not_found")   /* the host has no address */ \
	X(NOT_CONNECTED, "not_connected")     /* refused, unreachable */ \
	X(TLS_FAILED, "tls_failed")           /* no handshake; the certificates to trust cannot be read */ \
	X(CERTIFICATE_REFUSED, "certificate_refused") \
	X(CONNECTION_LOST, "connection_lost") /* in the middle of it, before a status came */ \
	X(NOT_HTTP, "not_http")               /* what came is no reply of HTTP, or its head is too long */ \
	X(CANCELLED, "cancelled")             /* the endpoint or the sender went */

enum webhook_end {
#define X(name, word) WEBHOOK_##name,
	WEBHOOK_END_TABLE(X)
#undef X
};

struct webhook_outcome {
	enum webhook_end end;
	unsigned status;         /* of WEBHOOK_ANSWERED: 200 to 999 */
	uint64_t latency_us;     /* from the beginning of this attempt; waiting for a place is not in it */
	int64_t timestamp_s;     /* that was signed */
	const char *retry_after; /* the header's value, or ""; gone when done() returns, as is `reply` */
	const char *reply;       /* the first bytes of the body, of any content; not NULL */
	size_t n_reply;          /* at most what the endpoint wants of it */
};

const char *webhook_end_word(enum webhook_end end);

#endif
