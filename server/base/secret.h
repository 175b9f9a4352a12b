/*
 * Secrets (libsodium): tokens, their hashes, passwords. Callable from any thread after secret_init().
 *
 * A token is 32 random bytes as 43 characters of unpadded base64url; the store holds its SHA-256 only.
 * Passwords are hashed with argon2id, INTERACTIVE. That takes about 100 ms and 64 MiB, so it never runs on the loop thread.
 */
#ifndef PARLEY_BASE_SECRET_H
#define PARLEY_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_TOKEN_CHARS = 43, SECRET_HASH_BYTES = 32, SECRET_PASSWORD_CHARS = 128 };

/* Returns a number from 0 to below - 1, each with the same probability. For below 0 and 1 it returns 0. */
uint32_t secret_random_below(uint32_t below);
int secret_init(void); /* 0; -EIO when the kernel has no randomness */
void secret_token(char out[SECRET_TOKEN_CHARS + 1]);
void secret_token_hash(const char *token, size_t n, uint8_t out[SECRET_HASH_BYTES]);
/* Returns 0, or -ENOMEM. */
int secret_password_hash(const char *password, size_t n, char out[SECRET_PASSWORD_CHARS]);
/* Returns true when the password has this hash. `hash` is NULL for an unknown name: verification then takes as long and returns false. */
bool secret_password_verify(const char *hash, const char *password, size_t n);
void secret_wipe(void *p, size_t n);
/* Compares in constant time. */
bool secret_equal(const void *a, const void *b, size_t n);

/* A keyed hash (SipHash-2-4, 128 bits) for tables whose keys clients choose. */
struct secret_keyed_hash {
	uint8_t key[16];
};
void secret_keyed_hash_key(struct secret_keyed_hash *h); /* makes a random key */
void secret_keyed_hash(const struct secret_keyed_hash *h, const void *bytes, size_t n, uint8_t out[16]);

#endif
