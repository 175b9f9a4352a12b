/* jansson takes everything that the plain parser takes, with the same result. jansson also refuses what the plain parser refuses for a member given
 * twice, or it reports a fault that comes before it. It takes everything that is said to be surely valid. */
#include "codec/json_plain.h"
#include "codec/json_valid.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* At least as many as the parser can meet. */
static size_t levels_at_most(const uint8_t *data, size_t n)
{
	size_t opened = 0;

	for (size_t i = 0; i < n; i++)
		opened += data[i] == '{';
	return opened;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (levels_at_most(data, n) > 500)
		return 0; /* the caller guarantees it */
	size_t twice_at;
	json_auto_t *plain = json_plain_parse(data, n, &twice_at);
	json_auto_t *whole = json_loadb((const char *)data, n, JSON_REJECT_DUPLICATES, NULL);

	assert(plain == NULL || (whole != NULL && json_equal(plain, whole)));
	assert(whole != NULL || !json_valid_object(data, n, 64));
	if (twice_at > 0) {
		assert(plain == NULL && whole == NULL && twice_at <= n && data[twice_at - 1] == '"');
	}
	return 0;
}
