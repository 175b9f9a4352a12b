/* A whole frame through the decoder. */
#include "request_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct limits limits = limits_default();
	struct request request;
	struct request_fault fault;
	bool ok = request_decode(data, n, &limits, &request, &fault);

	request_check(ok, &request, &fault, &limits);
	return 0;
}
