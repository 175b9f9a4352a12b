#include "codec/standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int standard_streams_open(void)
{
	/* Open for reading only, the null device takes no output: that is what writing to a closed descriptor answers, too. */
	static const int modes[] = {[STDIN_FILENO] = O_RDONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest number that is free: those below are open by now. */
		if (open("/dev/null", modes[fd]) < 0)
			return -errno;
	}
	return 0;
}
