#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

_Static_assert(SECRET_HASH_BYTES == crypto_hash_sha256_BYTES, "a token's hash is SHA-256");
_Static_assert(SECRET_PASSWORD_CHARS >= crypto_pwhash_STRBYTES, "a password's hash fits");

int secret_init(void)
{
	return sodium_init() < 0 ? -EIO : 0;
}

uint32_t secret_random_below(uint32_t below)
{
	return randombytes_uniform(below);
}

void secret_token(char out[SECRET_TOKEN_CHARS + 1])
{
	uint8_t bytes[32];
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(out, SECRET_TOKEN_CHARS + 1, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

void secret_token_hash(const char *token, size_t n, uint8_t out[SECRET_HASH_BYTES])
{
	crypto_hash_sha256(out, (const unsigned char *)token, n);
}

int secret_password_hash(const char *password, size_t n, char out[SECRET_PASSWORD_CHARS])
{
	memset(out, 0, SECRET_PASSWORD_CHARS);
	if (crypto_pwhash_str(out, password, n, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE))
		return -ENOMEM;
	return 0;
}

/* A hash of an unknown password with the INTERACTIVE parameters of Argon2id. It exists for the time that its verification takes. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZW9uZXNvbWVvbmVzbw$nHcgZi/oo+3YSTw55Kh5q6cAUxyvmWy4sKFo9dPV5qc";

bool secret_password_verify(const char *hash, const char *password, size_t n)
{
	bool same = !crypto_pwhash_str_verify(hash ? hash : nobody, password, n);
	return hash && same;
}

void secret_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
	return !sodium_memcmp(a, b, n);
}

void secret_keyed_hash_key(struct secret_keyed_hash *h)
{
	randombytes_buf(h->key, sizeof(h->key));
}

void secret_keyed_hash(const struct secret_keyed_hash *h, const void *bytes, size_t n, uint8_t out[16])
{
	_Static_assert(crypto_shorthash_siphashx24_BYTES == 16, "128 bits");
	_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(h->key), "the key fits");
	crypto_shorthash_siphashx24(out, bytes, n, h->key);
}
