#include "cli/cli_stop.h"

#include "cli/cli_output.h"
#include "cli/cli_say.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool watch(int stop_fd, int fd, uint32_t events)
{
	return fd >= 0 && epoll_ctl(stop_fd, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = events}) == 0;
}

int cli_stop_open(void)
{
	int stop_fd = epoll_create1(EPOLL_CLOEXEC), reader = cli_output_reader();
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	/* The signals' descriptor lives as long as the process. A reader that goes is reported without being asked for. */
	if (stop_fd >= 0 && sigprocmask(SIG_BLOCK, &signals, NULL) == 0 && watch(stop_fd, signalfd(-1, &signals, SFD_CLOEXEC), EPOLLIN) &&
	    (reader < 0 || watch(stop_fd, reader, 0)))
		return stop_fd;
	cli_tell("cannot wait for signals: %s", strerror(errno));
	if (stop_fd >= 0)
		(void)close(stop_fd);
	return -1;
}

bool cli_stop_asked(int stop_fd)
{
	struct pollfd polled = {.fd = stop_fd, .events = POLLIN};

	return poll(&polled, 1, 0) > 0;
}
