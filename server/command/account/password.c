#include "command/account/password.h"

#include "codec/request_fault.h"
#include "codec/text_password.h"

#include <string.h>

enum {
	PASSWORD_BYTES_MIN = 8,
	PREPARED_TIMES_LESS = 3, /* the prepared form may be shorter by this factor: it joins syllables in parts and separate accents */
};

/* Refuses a password that is longer than `times` the limit. */
static bool refuse_long(const struct answer *a, size_t n, uint64_t times)
{
	struct request_fault fault;
	uint64_t most = a->chat->config.limits.password_bytes;
	if (most == 0 || n / times <= most)
		return false;
	request_fault_too_long(&fault, "password", "the password", n, most);
	answer_fault(a, &fault);
	return true;
}

bool password_take(const struct answer *a, struct text given, struct buf *out)
{
	struct request_fault fault;
	if (refuse_long(a, given.n, PREPARED_TIMES_LESS)) /* refused before it is prepared */
		return false;
	if (!text_password(given.s, given.n, out)) {
		request_fault_of(&fault, WIRE_INVALID_REQUEST, "password",
				 "the password has a character that passwords cannot have, an invisible one perhaps");
		answer_fault(a, &fault);
		return false;
	}
	if (out->len < PASSWORD_BYTES_MIN) {
		request_fault_of(&fault, WIRE_INVALID_REQUEST, "password", "the password is too short: %d letters are long enough",
				 PASSWORD_BYTES_MIN);
		answer_fault(a, &fault);
		return false;
	}
	return !refuse_long(a, out->len, 1);
}

void password_finish(struct buf *password)
{
	if (password->data)
		secret_wipe(password->data, password->cap);
	buf_finish(password);
}

bool password_tries_take(const struct answer *a, struct text given, struct password_tries *out)
{
	uint64_t most = a->chat->config.limits.password_bytes;
	if (refuse_long(a, given.n, PREPARED_TIMES_LESS))
		return false;
	bool prepared = text_password(given.s, given.n, &out->prepared);
	if (refuse_long(a, prepared ? out->prepared.len : given.n, 1))
		return false;
	bool differs = out->prepared.len != given.n || memcmp(out->prepared.data, given.s, given.n) != 0;
	out->raw_too = differs && given.n <= most; /* an earlier version applied the limit to these bytes */
	return true;
}

bool password_tries_verify(const struct password_tries *p, struct text given, const char *hash, char renewed_hash[SECRET_PASSWORD_CHARS],
			   bool *renewed)
{
	bool prepared = p->prepared.len > 0;
	*renewed = false;
	if (prepared && secret_password_verify(hash, (const char *)p->prepared.data, p->prepared.len))
		return true;
	if (!p->raw_too || !secret_password_verify(hash, given.s, given.n))
		return false;
	*renewed = prepared && secret_password_hash((const char *)p->prepared.data, p->prepared.len, renewed_hash) == 0;
	return true;
}
