/* What people and endpoints give to webhooks: URLs, secrets, headers with signatures, Retry-After. The first byte chooses. */
#include "webhook/webhook_schedule.h"
#include "webhook/webhook_sign.h"
#include "webhook/webhook_target.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct webhook_policy nothing = {NULL, 0};

/* A URL that is taken is taken again, and names a host. */
static void check_url(const char *text)
{
	char host[WEBHOOK_HOST_BYTES], again[WEBHOOK_HOST_BYTES];
	const char *fault = webhook_url_check(&nothing, text, host);
	assert(webhook_url_check(&nothing, text, again) == fault && !strcmp(host, again));
	if (fault)
		return;
	assert(*host && strlen(text) <= WEBHOOK_URL_BYTES_MAX && !strpbrk(text, "# \r\n\t\\"));
	assert(!strncasecmp(text, "http", 4) && !strchr(host, '@') && !strchr(host, '/'));
	assert(strcmp(host, "127.0.0.1") != 0 && strcmp(host, "::1") != 0);
}

static void check_secret(const char *text, size_t n)
{
	struct webhook_secret s;
	bool good = webhook_secret_parse(text, n, &s);
	assert(good ? s.n >= WEBHOOK_KEY_BYTES_MIN && s.n <= WEBHOOK_KEY_BYTES_MAX : s.n == 0);
	if (!good)
		return;
	char signatures[WEBHOOK_SIGNATURES_BYTES];
	struct webhook_signed what = {"id", 2, 1, text, n};
	assert(webhook_sign(&s, 1, &what, signatures) == WEBHOOK_SIGNATURE_CHARS);
	struct webhook_headers headers = {"id", "1", signatures, 2, 1, WEBHOOK_SIGNATURE_CHARS};
	assert(webhook_verify(&s, &headers, text, n, 1) == WEBHOOK_VERIFIED);
}

static void check_signature(const char *text, size_t n)
{
	static const struct webhook_secret s = {.key = "a key that is long enough", .n = 24};
	struct webhook_headers headers = {"id", "1", text, 2, 1, n}, timed = {"id", text, "v1,", 2, n, 3};
	assert(webhook_verify(&s, &headers, "", 0, 1) == WEBHOOK_WRONG_SIGNATURE);
	assert(webhook_verify(&s, &timed, "", 0, 1) != WEBHOOK_VERIFIED);
	assert(!webhook_verify_github("secret", 6, text, n, "", 0));
}

static void check_retry_after(const char *text)
{
	uint64_t after_s;
	struct webhook_outcome o = {.end = WEBHOOK_ANSWERED, .status = 503, .retry_after = text, .reply = ""};
	bool good = webhook_retry_after(text, INT64_C(1700000000000), &after_s);
	assert(!good || after_s <= WEBHOOK_RETRY_AFTER_MAX_S);
	struct webhook_next next =
		webhook_next_of(&(struct webhook_schedule){WEBHOOK_ATTEMPTS_MAX, WEBHOOK_RETRY_MS}, &o, 1, INT64_C(1700000000000), 0);
	assert(next.step == WEBHOOK_RETRY && next.after_ms >= 4000 && next.after_ms <= UINT64_C(1000) * WEBHOOK_RETRY_AFTER_MAX_S);
}

static void check_names(const char *text)
{
	struct webhook_allow allow;
	bool good = webhook_allow_host(text, &allow);
	assert(good == (*allow.host != '\0'));
	if (good)
		assert(webhook_host_allowed(&(struct webhook_policy){&allow, 1}, text) &&
		       webhook_host_allowed(&(struct webhook_policy){&allow, 1}, allow.host));
	if (!webhook_header_check("X-Name", text))
		assert(!strpbrk(text, "\r\n"));
	if (!webhook_header_check(text, "value"))
		assert(!strpbrk(text, ": \r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return 0;
	auto_free char *text = mem_strndup((const char *)data + 1, n - 1);
	size_t length = strlen(text);
	switch (data[0] % 5) {
	case 0:
		check_url(text);
		break;
	case 1:
		check_secret(text, length);
		break;
	case 2:
		check_signature((const char *)data + 1, n - 1);
		break;
	case 3:
		check_retry_after(text);
		break;
	default:
		check_names(text);
	}
	return 0;
}
