/*
 * How incoming webhooks are told: as JSON, and by the address that one gets once.
 */
#ifndef PARLEY_COMMAND_HOOK_HOOK_ANSWER_H
#define PARLEY_COMMAND_HOOK_HOOK_ANSWER_H

#include "command/wait_store.h"

/* What the command of a new token keeps. */
struct hook_token {
	char text[SECRET_TOKEN_CHARS + 1];
};

/* A fresh token, and the hash that the store keeps of it. */
void hook_token_make(struct hook_token *token, uint8_t hash[SECRET_HASH_BYTES]);
/* Appends "url":"/hooks/…". */
void hook_encode_url(struct buf *b, const struct hook_token *token);
/* Appends a type.hook. */
void hook_encode(struct buf *b, const struct store_hook *hook);
/* Answers a result of rotating or deleting other than 0. Whether there was one. */
bool hook_change_failed(const struct wait *w);

#endif
