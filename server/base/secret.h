/*
 * Secrets (libsodium): tokens, their hashes, passwords. Callable from any thread after secret_init().
 *
 * A token is 32 random bytes as 43 characters of unpadded base64url; the store holds its SHA-256 only.
 * Passwords: argon2id, INTERACTIVE (about 100 ms, 64 MiB): never on the loop thread.
 */
#ifndef PARLEY_BASE_SECRET_H
#define PARLEY_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_TOKEN_CHARS = 43, SECRET_HASH_BYTES = 32, SECRET_PASSWORD_CHARS = 128 };

/* A number from 0 to below - 1, each as likely as the others. Below 2 it is 0. */
uint32_t secret_random_below(uint32_t below);
int secret_init(void); /* 0, or -EIO when there is no randomness */
void secret_token(char out[SECRET_TOKEN_CHARS + 1]);
void secret_token_hash(const char *token, size_t n, uint8_t out[SECRET_HASH_BYTES]);
/* 0, or -ENOMEM. */
int secret_password_hash(const char *password, size_t n, char out[SECRET_PASSWORD_CHARS]);
/* Takes as long for hash == NULL (an unknown name) as for a real one. */
bool secret_password_verify(const char *hash, const char *password, size_t n);
void secret_wipe(void *p, size_t n);
/* Constant time. */
bool secret_equal(const void *a, const void *b, size_t n);

/* A keyed hash (SipHash-2-4, 128 bit) for tables whose keys clients choose. */
struct secret_keyed_hash {
	uint8_t key[16];
};
void secret_keyed_hash_key(struct secret_keyed_hash *h); /* a fresh random key */
void secret_keyed_hash(const struct secret_keyed_hash *h, const void *bytes, size_t n, uint8_t out[16]);

#endif
