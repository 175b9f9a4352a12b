#include "app/app_bus.h"

#include "base/secret.h"
#include "base/secret_file.h"
#include "bus/redis/redis_bus.h"

#include <stdio.h>

/* It is read at each connect. A file that is missing from the beginning is a wrong option. */
static int check_file(const char *option, const char *path, char fault[CONFIG_FAULT_BYTES])
{
	char secret[SECRET_FILE_BYTES], why[SECRET_FILE_WHY_BYTES];
	if (!path)
		return 0;
	int failed = secret_file_read(path, secret, why);
	secret_wipe(secret, sizeof(secret));
	if (failed)
		snprintf(fault, CONFIG_FAULT_BYTES, "%s %s: %s", option, path, why);
	return failed;
}

int app_bus_open(struct bus **bus, struct loop *l, struct metrics *m, const struct config *config, char fault[CONFIG_FAULT_BYTES])
{
	*bus = NULL;
	if (!config->n_redis)
		return 0;
	if (check_file("--redis-password-file", config->redis_password_file, fault) != 0 ||
	    check_file("--redis-sentinel-password-file", config->redis_sentinel_password_file, fault) != 0)
		return -1;
	*bus = redis_bus_new(&(struct redis_bus_config){
		.loop = l,
		.metrics = m,
		.addresses = config->redis,
		.n_addresses = config->n_redis,
		.password_file = config->redis_password_file,
		.sentinel_password_file = config->redis_sentinel_password_file,
		.sentinel_name = config->redis_sentinel_name,
		.ca_file = config->redis_ca_file,
	});
	return 0;
}
