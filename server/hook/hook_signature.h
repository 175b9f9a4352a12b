/*
 * Whether a post is signed with the secret of its hook. Three ways are known, and the first whose field the head has is the one that counts:
 *
 *   X-Hub-Signature-256: sha256=<hex>          HMAC-SHA256 of the body (GitHub, Gitea, Forgejo)
 *   webhook-signature: v1,<base64> [v1,…]      HMAC-SHA256 of "id.timestamp.body" (Standard Webhooks 1.0), at most WEBHOOK_TOLERANCE_S old (webhook_sign.h)
 *   X-Gitlab-Token: <secret>                   the secret itself
 *
 * The key is the bytes of the secret, but for Standard Webhooks, which takes a secret of its own form only (webhook_secret_parse()). Pure.
 */
#ifndef PARLEY_HOOK_HOOK_SIGNATURE_H
#define PARLEY_HOOK_HOOK_SIGNATURE_H

#include "hook/hook_request.h"

#include <stdbool.h>
#include <stdint.h>

bool hook_signature_is_good(const struct hook_request *r, const char *secret, int64_t now_ms);

#endif
