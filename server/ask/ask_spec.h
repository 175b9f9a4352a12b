/*
 * `asks` of a new hook, as somebody gave it: {url, command?, words?, hooks?, headers?, ca?, hint?, description?}. Any thread.
 */
#ifndef PARLEY_ASK_ASK_SPEC_H
#define PARLEY_ASK_ASK_SPEC_H

#include "chat/asker.h"
#include "webhook/webhook_address.h"

enum {
	ASK_WORDS_MAX = 10,
	ASK_WORD_BYTES_MAX = 64,
	ASK_HINT_BYTES_MAX = 100,
	ASK_DESCRIPTION_BYTES_MAX = 200,
	ASK_COMMAND_BYTES_MAX = 32, /* of a typed command (command/typed/typed.h) */
};

/* *out is zeroed before; asker_given_finish() it in any case. */
bool ask_spec_read(const struct webhook_policy *policy, const json_t *json, struct asker_given *out, char fault[ASKER_FAULT_BYTES]);

#endif
