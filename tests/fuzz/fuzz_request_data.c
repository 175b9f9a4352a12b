/* Each command's decoder: the first byte picks the command, the rest is its data. */
#include "request_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct limits limits = limits_default();
	struct request request;
	struct request_fault fault;

	if (n == 0)
		return 0;
	bool ok = request_decode_data((enum command)(data[0] % CMD_COUNT), data + 1, n - 1, &limits, &request, &fault);
	request_check(ok, &request, &fault, &limits);
	return 0;
}
