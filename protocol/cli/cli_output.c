#include "cli/cli_output.h"

#include "cli/cli_command.h"
#include "cli/cli_say.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The process that handed the descriptor down may have set O_NONBLOCK. */
static bool wait_for_room(void)
{
	struct pollfd polled = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&polled, 1, -1) >= 0 || errno == EINTR;
}

/* fopencookie(3): fewer than n bytes are an error. */
static ssize_t write_out(void *cookie, const char *bytes, size_t n)
{
	struct cli_output *out = cookie;
	size_t done = 0;

	while (done < n) {
		ssize_t written = write(STDOUT_FILENO, bytes + done, n - done);
		if (written > 0) {
			done += (size_t)written;
			continue;
		}
		if (written < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room())))
			continue;
		if (out->error == 0)
			out->error = written < 0 ? errno : EIO;
		break;
	}
	return (ssize_t)done;
}

static bool is_open_for(int fd, int mode)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && ((flags & O_ACCMODE) == mode || (flags & O_ACCMODE) == O_RDWR);
}

bool cli_output_begin(struct cli_output *out)
{
	*out = (struct cli_output){.before = stdout};
	if (!is_open_for(STDOUT_FILENO, O_WRONLY)) {
		cli_tell("standard output is closed; where it is not wanted, /dev/null takes it");
		return false;
	}
	FILE *stream = fopencookie(out, "w", (cookie_io_functions_t){.write = write_out});
	assert(stream != NULL);
	if (isatty(STDOUT_FILENO))
		(void)setvbuf(stream, NULL, _IOLBF, BUFSIZ);
	stdout = stream;
	return true;
}

int cli_output_end(struct cli_output *out, int result)
{
	FILE *stream = stdout;

	stdout = out->before;
	(void)fclose(stream);
	if (out->error == 0)
		return result;
	if (out->error != EPIPE)
		cli_tell("cannot write to standard output: %s", strerror(out->error));
	return result == CLI_OK ? CLI_FAILED : result;
}

bool cli_output_flush(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

int cli_output_reader(void)
{
	struct stat st;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	/* poll(2) reports nothing for the writing end of a pipe but that its reader has gone. */
	return flags >= 0 && (flags & O_ACCMODE) == O_WRONLY && fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode) ? STDOUT_FILENO : -1;
}
