/* The reader of packed notices: what it takes, it packs again as the same bytes; nothing shorter or longer is taken for it. */
#include "store/user_notice.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct user_notice notice, other;
	uint8_t again[USER_NOTICE_BYTES], longer[USER_NOTICE_BYTES + 1] = {0};

	if (!user_notice_unpack(data, n, &notice))
		return 0;
	user_notice_pack(&notice, again);
	assert(n == sizeof again && memcmp(again, data, n) == 0);
	memcpy(longer, data, n);
	assert(!user_notice_unpack(data, n - 1, &other) && !user_notice_unpack(longer, sizeof longer, &other));
	return 0;
}
