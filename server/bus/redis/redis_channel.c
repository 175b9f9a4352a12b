#include "bus/redis/redis_channel.h"

#include <string.h>

enum { DIGITS_MAX = 20 };

static const char head[] = "parley:";

void redis_channel_name(const char *epoch, uint64_t number, struct redis_channel *out)
{
	char digits[DIGITS_MAX];
	size_t n_digits = 0, n_epoch = strnlen(epoch, REDIS_EPOCH_BYTES - 1);
	char *end = mempcpy(mempcpy(out->name, head, sizeof(head) - 1), epoch, n_epoch);
	*end++ = ':';
	do
		digits[n_digits++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (n_digits > 0)
		*end++ = digits[--n_digits];
	*end = '\0';
	out->n = (size_t)(end - out->name);
}

bool redis_channel_number(const char *epoch, const char *name, size_t n, uint64_t *out)
{
	size_t n_epoch = strlen(epoch), before = sizeof(head) - 1 + n_epoch + 1;
	if (n <= before || memcmp(name, head, sizeof(head) - 1) != 0 || memcmp(name + sizeof(head) - 1, epoch, n_epoch) != 0 ||
	    name[before - 1] != ':' || (name[before] == '0' && n > before + 1))
		return false;
	uint64_t number = 0;
	for (size_t i = before; i < n; i++) {
		if (name[i] < '0' || name[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(name[i] - '0'), &number))
			return false;
	}
	*out = number;
	return true;
}
