#include "client/ws_handshake.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

void ws_handshake_key(const uint8_t random[WS_KEY_BYTES], char out[WS_KEY_CHARS + 1])
{
	(void)EVP_EncodeBlock((unsigned char *)out, random, WS_KEY_BYTES);
}

void ws_handshake_accept(const char key[WS_KEY_CHARS], char out[WS_ACCEPT_CHARS + 1])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char text[WS_KEY_CHARS + sizeof guid - 1], digest[SHA_DIGEST_LENGTH];

	memcpy(text, key, WS_KEY_CHARS);
	memcpy(text + WS_KEY_CHARS, guid, sizeof guid - 1);
	const unsigned char *done = SHA1(text, sizeof text, digest);
	assert(done != NULL);
	(void)EVP_EncodeBlock((unsigned char *)out, digest, sizeof digest);
}
