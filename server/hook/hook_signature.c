#include "hook/hook_signature.h"

#include "base/secret.h"
#include "webhook/webhook_sign.h"

#include <string.h>

static bool hub_is_good(const struct hook_request *r, struct text secret)
{
	struct text said = hook_request_field(r, HOOK_HUB_SIGNATURE);
	return webhook_verify_github(secret.s, secret.n, said.s, said.n, r->body.data, r->body.len);
}

static bool standard_is_good(const struct hook_request *r, struct text secret, int64_t now_ms)
{
	struct text id = hook_request_field(r, HOOK_WEBHOOK_ID), timestamp = hook_request_field(r, HOOK_WEBHOOK_TIMESTAMP);
	struct text signature = hook_request_field(r, HOOK_WEBHOOK_SIGNATURE);
	const struct webhook_headers headers = {id.s, timestamp.s, signature.s, id.n, timestamp.n, signature.n};
	struct webhook_secret key;
	bool is_good = webhook_secret_parse(secret.s, secret.n, &key) &&
		       webhook_verify(&key, &headers, r->body.data, r->body.len, now_ms / 1000) == WEBHOOK_VERIFIED;
	secret_wipe(&key, sizeof(key));
	return is_good;
}

bool hook_signature_is_good(const struct hook_request *r, const char *secret, int64_t now_ms)
{
	struct text key = {.s = secret, .n = strlen(secret)}, token = hook_request_field(r, HOOK_GITLAB_TOKEN);
	if (r->fields[HOOK_HUB_SIGNATURE])
		return hub_is_good(r, key);
	if (r->fields[HOOK_WEBHOOK_SIGNATURE])
		return standard_is_good(r, key, now_ms);
	return token.s && token.n == key.n && secret_equal(token.s, secret, token.n);
}
