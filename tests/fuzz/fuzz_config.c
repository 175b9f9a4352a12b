/* The configuration: a first byte with its low bit set gives the rest as lines of flags and variables, else the rest is a config file. */
#include "app/config.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LINES_MAX = 64 };

static void check(const struct config *c, enum config_outcome outcome, const char *fault)
{
	if (outcome == CONFIG_FAULT && (!fault[0] || strlen(fault) >= CONFIG_FAULT_BYTES))
		abort();
	if (outcome == CONFIG_RUN && (fault[0] || !c->data_dir || !c->n_listen))
		abort();
}

static void parse_lines(char *text)
{
	char *argv[LINES_MAX + 2] = {(char[]){"parleyd"}}, *envp[LINES_MAX + 1], *rest = text;
	int argc = 1, n = 0;
	for (char *line; (line = strsep(&rest, "\n")) && argc <= LINES_MAX && n < LINES_MAX;) {
		if (!strncmp(line, "--config", 8) || !strncmp(line, "PARLEY_CONFIG", 13))
			continue; /* no files of the machine */
		if (!strncmp(line, "PARLEY_", 7))
			envp[n++] = line;
		else
			argv[argc++] = line;
	}
	envp[n] = argv[argc] = NULL;
	struct config c;
	char fault[CONFIG_FAULT_BYTES];
	enum config_outcome outcome = config_parse(argc, argv, envp, &c, fault);
	check(&c, outcome, fault);
	config_finish(&c);
}

static void parse_file(const uint8_t *data, size_t n)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, n) != (ssize_t)n)
		abort();
	char path[40], *argv[] = {(char[]){"parleyd"}, (char[]){"--config"}, path, NULL}, *envp[] = {NULL};
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct config c;
	char fault[CONFIG_FAULT_BYTES];
	enum config_outcome outcome = config_parse(3, argv, envp, &c, fault);
	check(&c, outcome, fault);
	config_finish(&c);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return 0;
	if (data[0] & 1) {
		char *text = mem_strndup((const char *)data + 1, n - 1);
		parse_lines(text);
		free(text);
	} else {
		parse_file(data + 1, n - 1);
	}
	return 0;
}
