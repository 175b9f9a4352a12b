/*
 * Passwords that are hashed at the least cost that Argon2id has, for LD_PRELOAD: 8 KiB in place of 64 MiB, and a tenth of a second becomes a tenth of a millisecond.
 * The hash names its cost, so libsodium verifies it as quickly. A hash from elsewhere, and that of nobody, cost what they say.
 */
#include <sodium.h>

int crypto_pwhash_str(char out[crypto_pwhash_STRBYTES], const char *const password, unsigned long long n, unsigned long long operations,
		      size_t memory)
{
	if (operations != crypto_pwhash_OPSLIMIT_INTERACTIVE || memory != crypto_pwhash_MEMLIMIT_INTERACTIVE)
		return -1;
	return crypto_pwhash_str_alg(out, password, n, crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN,
				     crypto_pwhash_ALG_ARGON2ID13);
}
