/* X-Forwarded-For behind proxies that are trusted: whom it names is never one of them, and is read again as the same. */
#include "net/address.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct net_network trusted[] = {
	{.address = {[10] = 0xff, [11] = 0xff, [12] = 10}, .n_bits = 96 + 8},               /* 10.0.0.0/8 */
	{.address = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .n_bits = 128},       /* 127.0.0.1 */
	{.address = {0xfd}, .n_bits = 7},                                                   /* fc00::/7 */
	{.address = {[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168}, .n_bits = 96 + 15}, /* 192.168.0.0/15 */
};
enum { TRUSTED = sizeof trusted / sizeof trusted[0] };

static void check_text(const struct peer_address *a)
{
	static const struct peer_address none = {{0}};
	char text[ADDRESS_TEXT_BYTES];
	struct peer_address again;

	address_format(a, text);
	assert(strlen(text) < sizeof text);
	if (memcmp(a, &none, sizeof none) == 0) /* "::" is the mark of a Unix socket */
		return;
	assert(address_parse(text, strlen(text), &again));
	assert(memcmp(&again, a, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	struct peer_address one, client;

	if (n == 0)
		return 0;
	if (address_parse(text, n, &one))
		check_text(&one);
	/* Nothing is trusted: the last entry, or nothing. */
	bool last = address_forwarded(text, n, trusted, 0, &one);
	bool found = address_forwarded(text, n, trusted, TRUSTED, &client);
	if (last && !address_trusted(&one, trusted, TRUSTED))
		assert(found && memcmp(&one, &client, sizeof one) == 0);
	if (!found)
		return 0;
	assert(last && !address_trusted(&client, trusted, TRUSTED));
	check_text(&client);
	return 0;
}
