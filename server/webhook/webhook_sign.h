/*
 * Signatures of webhooks: Standard Webhooks 1.0 (specification, "Signature scheme"), made and checked, and GitHub's X-Hub-Signature-256, checked.
 *
 * Signed is "{id}.{timestamp}.{body}", with HMAC-SHA256 and the decoded bytes of the secret. The header has one "v1,BASE64" for each secret, with one
 * space between two: some verifiers refuse a second space, or one at the end. While a secret is replaced both sign.
 *
 * Secrets are compared in constant time, and nothing is kept. Pure, but for the randomness of webhook_secret_make(). Any thread.
 */
#ifndef PARLEY_WEBHOOK_SIGN_H
#define PARLEY_WEBHOOK_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WEBHOOK_KEY_BYTES_MIN = 24,
	WEBHOOK_KEY_BYTES_MAX = 64,
	WEBHOOK_SECRET_CHARS = 50, /* of a secret that is made here: "whsec_" and 32 bytes as base64 */
	WEBHOOK_SECRETS_MAX = 2,   /* of an endpoint: the new one, and the old one for a while */
	WEBHOOK_SIGNATURE_CHARS = 47,
	WEBHOOK_SIGNATURES_BYTES = WEBHOOK_SECRETS_MAX * (WEBHOOK_SIGNATURE_CHARS + 1),
	WEBHOOK_TOLERANCE_S = 300,
};

#define WEBHOOK_SECRET_PREFIX "whsec_"

struct webhook_secret {
	uint8_t key[WEBHOOK_KEY_BYTES_MAX];
	size_t n; /* 0: none */
};

void webhook_secret_make(char out[WEBHOOK_SECRET_CHARS + 1]);
/* Takes "whsec_" and padded standard base64 of 24 to 64 bytes, in the one spelling that encoding gives. */
bool webhook_secret_parse(const char *text, size_t n, struct webhook_secret *out);

/* What is signed, or is said to be. The id is not checked for dots: whoever names things sees to it. */
struct webhook_signed {
	const char *id;
	size_t n_id;
	int64_t timestamp_s;
	const void *body;
	size_t n_body;
};

/* Writes the value of webhook-signature. Secrets with n 0 are left out. Returns its length. */
size_t webhook_sign(const struct webhook_secret *secrets, size_t n_secrets, const struct webhook_signed *what,
		    char out[WEBHOOK_SIGNATURES_BYTES]);

enum webhook_verdict {
	WEBHOOK_VERIFIED,
	WEBHOOK_NOT_SIGNED,      /* a header is missing, or has another form */
	WEBHOOK_TOO_OLD,         /* the timestamp is more than WEBHOOK_TOLERANCE_S away from now, in either direction */
	WEBHOOK_WRONG_SIGNATURE, /* none of the signatures is right */
};

/* The three headers as they came. The id is not NULL where the header came; a timestamp is decimal digits. */
struct webhook_headers {
	const char *id, *timestamp, *signature; /* NULL: missing */
	size_t n_id, n_timestamp, n_signature;
};

enum webhook_verdict webhook_verify(const struct webhook_secret *secret, const struct webhook_headers *headers, const void *body,
				    size_t n_body, int64_t now_s);
/* `header` is "sha256=HEX" (GitHub's documentation, "Validating webhook deliveries"). The key is the secret's text itself. */
bool webhook_verify_github(const void *secret, size_t n_secret, const char *header, size_t n_header, const void *body, size_t n_body);

#endif
