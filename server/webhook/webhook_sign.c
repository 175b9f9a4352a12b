#include "webhook/webhook_sign.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAC_BYTES = 32,
	MADE_KEY_BYTES = 32,
	PREFIX_CHARS = sizeof(WEBHOOK_SECRET_PREFIX) - 1,
	KEY_CHARS_MAX = 88,        /* base64 of the longest key */
	TIMESTAMP_DIGITS_MAX = 12, /* until the year 33658 */
	SIGNATURES_CHECKED_MAX = 16,
};

static const char prefix[] = WEBHOOK_SECRET_PREFIX, version[] = "v1,", github_prefix[] = "sha256=";

struct piece {
	const void *bytes;
	size_t n;
};

/* OpenSSL fails here only when memory runs out, or when it has no SHA-256, and then nothing can be signed. */
static void must(int ok)
{
	if (!ok)
		abort();
}

static void mac_of(const struct piece *key, const struct piece *pieces, size_t n_pieces, uint8_t out[MAC_BYTES])
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	must(mac != NULL);
	EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
	must(context != NULL);
	must(EVP_MAC_init(context, key->bytes, key->n, params));
	for (size_t i = 0; i < n_pieces; i++)
		must(EVP_MAC_update(context, pieces[i].bytes, pieces[i].n));
	size_t n;
	must(EVP_MAC_final(context, out, &n, MAC_BYTES) && n == MAC_BYTES);
	EVP_MAC_CTX_free(context);
	EVP_MAC_free(mac);
}

/* `timestamp` is the text that the header has, so that what is checked is what was signed. */
static void signature_of(const struct webhook_secret *secret, const struct piece *id, const struct piece *timestamp,
			 const struct piece *body, char out[WEBHOOK_SIGNATURE_CHARS + 1])
{
	uint8_t mac[MAC_BYTES];
	const struct piece pieces[] = {*id, {".", 1}, *timestamp, {".", 1}, *body};
	mac_of(&(struct piece){secret->key, secret->n}, pieces, sizeof(pieces) / sizeof(pieces[0]), mac);
	memcpy(out, version, sizeof(version) - 1);
	int n = EVP_EncodeBlock((unsigned char *)out + sizeof(version) - 1, mac, MAC_BYTES);
	assert(n + (int)sizeof(version) - 1 == WEBHOOK_SIGNATURE_CHARS);
	(void)n;
}

void webhook_secret_make(char out[WEBHOOK_SECRET_CHARS + 1])
{
	uint8_t key[MADE_KEY_BYTES];
	must(RAND_bytes(key, sizeof(key)) == 1);
	memcpy(out, prefix, PREFIX_CHARS);
	int n = EVP_EncodeBlock((unsigned char *)out + PREFIX_CHARS, key, sizeof(key));
	assert(n == WEBHOOK_SECRET_CHARS - PREFIX_CHARS);
	(void)n;
	OPENSSL_cleanse(key, sizeof(key));
}

/* EVP_DecodeBlock() takes blanks, and bits that no encoder sets. So the bytes are encoded again, and have to give the same text. */
static bool decode_key(const char *text, size_t n, struct webhook_secret *out)
{
	uint8_t bytes[KEY_CHARS_MAX / 4 * 3];
	unsigned char again[KEY_CHARS_MAX + 1];
	int got = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n);
	if (got < 0)
		return false;
	size_t n_bytes = (size_t)got - (text[n - 1] == '=') - (text[n - 2] == '=');
	bool good = n_bytes >= WEBHOOK_KEY_BYTES_MIN && n_bytes <= WEBHOOK_KEY_BYTES_MAX;
	if (good) {
		good = EVP_EncodeBlock(again, bytes, (int)n_bytes) == (int)n && !CRYPTO_memcmp(again, text, n);
		memcpy(out->key, bytes, n_bytes);
		out->n = n_bytes;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(again, sizeof(again));
	return good;
}

bool webhook_secret_parse(const char *text, size_t n, struct webhook_secret *out)
{
	*out = (struct webhook_secret){0};
	if (n <= PREFIX_CHARS || memcmp(text, prefix, PREFIX_CHARS))
		return false;
	n -= PREFIX_CHARS;
	bool good = n <= KEY_CHARS_MAX && n % 4 == 0 && decode_key(text + PREFIX_CHARS, n, out);
	if (!good)
		OPENSSL_cleanse(out, sizeof(*out));
	return good;
}

size_t webhook_sign(const struct webhook_secret *secrets, size_t n_secrets, const struct webhook_signed *what,
		    char out[WEBHOOK_SIGNATURES_BYTES])
{
	assert(n_secrets <= WEBHOOK_SECRETS_MAX);
	char timestamp[24];
	int n_timestamp = snprintf(timestamp, sizeof(timestamp), "%" PRId64, what->timestamp_s);
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = 0; i < n_secrets; i++) {
		if (!secrets[i].n)
			continue;
		if (n)
			out[n++] = ' ';
		signature_of(&secrets[i], &(struct piece){what->id, what->n_id}, &(struct piece){timestamp, (size_t)n_timestamp},
			     &(struct piece){what->body, what->n_body}, out + n);
		n += WEBHOOK_SIGNATURE_CHARS;
	}
	return n;
}

static bool read_timestamp(const char *text, size_t n, int64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (text[i] - '0');
	}
	return n > 0;
}

/* Signatures of other versions, and of other secrets, stand beside ours. */
static bool has_signature(const char *text, size_t n, const char expected[WEBHOOK_SIGNATURE_CHARS])
{
	bool found = false;
	size_t n_checked = 0;
	for (size_t at = 0; at < n && n_checked < SIGNATURES_CHECKED_MAX; n_checked++) {
		const char *space = memchr(text + at, ' ', n - at);
		size_t n_one = space ? (size_t)(space - text) - at : n - at;
		found |= n_one == WEBHOOK_SIGNATURE_CHARS && !CRYPTO_memcmp(text + at, expected, n_one);
		at += n_one + 1;
	}
	return found;
}

enum webhook_verdict webhook_verify(const struct webhook_secret *secret, const struct webhook_headers *headers, const void *body,
				    size_t n_body, int64_t now_s)
{
	int64_t timestamp_s;
	if (!secret->n || !headers->id || !headers->n_id || !headers->timestamp || !headers->signature ||
	    headers->n_timestamp > TIMESTAMP_DIGITS_MAX || !read_timestamp(headers->timestamp, headers->n_timestamp, &timestamp_s))
		return WEBHOOK_NOT_SIGNED;
	if (timestamp_s < now_s - WEBHOOK_TOLERANCE_S || timestamp_s > now_s + WEBHOOK_TOLERANCE_S)
		return WEBHOOK_TOO_OLD;
	char expected[WEBHOOK_SIGNATURE_CHARS + 1];
	signature_of(secret, &(struct piece){headers->id, headers->n_id}, &(struct piece){headers->timestamp, headers->n_timestamp},
		     &(struct piece){body, n_body}, expected);
	return has_signature(headers->signature, headers->n_signature, expected) ? WEBHOOK_VERIFIED : WEBHOOK_WRONG_SIGNATURE;
}

bool webhook_verify_github(const void *secret, size_t n_secret, const char *header, size_t n_header, const void *body, size_t n_body)
{
	static const char digits[] = "0123456789abcdef";
	enum { PREFIX = sizeof(github_prefix) - 1 };
	if (!n_secret || n_header != PREFIX + 2 * MAC_BYTES || memcmp(header, github_prefix, PREFIX))
		return false;
	uint8_t mac[MAC_BYTES];
	char expected[2 * MAC_BYTES];
	mac_of(&(struct piece){secret, n_secret}, &(struct piece){body, n_body}, 1, mac);
	for (size_t i = 0; i < MAC_BYTES; i++) {
		expected[2 * i] = digits[mac[i] >> 4];
		expected[2 * i + 1] = digits[mac[i] & 15];
	}
	return !CRYPTO_memcmp(header + PREFIX, expected, sizeof(expected));
}
