#include "unix_address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int unix_address_init(struct unix_address *a, const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	*a = (struct unix_address){.un = {.sun_family = AF_UNIX}, .folder_fd = -1};
	if (strlen(path) < sizeof a->un.sun_path) {
		memcpy(a->un.sun_path, path, strlen(path) + 1);
		return 0;
	}
	if (slash == NULL || (size_t)(slash - path) + 1 >= sizeof folder)
		return -ENAMETOOLONG;
	memcpy(folder, path, (size_t)(slash - path) + 1); /* with its slash: "/" is a folder too */
	folder[slash - path + 1] = '\0';
	a->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->folder_fd < 0)
		return -errno;
	int n = snprintf(a->un.sun_path, sizeof a->un.sun_path, "/proc/self/fd/%d/%s", a->folder_fd, slash + 1);
	if (n > 0 && (size_t)n < sizeof a->un.sun_path)
		return 0;
	unix_address_finish(a);
	return -ENAMETOOLONG;
}

void unix_address_finish(struct unix_address *a)
{
	if (a->folder_fd >= 0)
		(void)close(a->folder_fd);
	a->folder_fd = -1;
}
