/*
 * Starts a program as a service manager does: service_manager KIND PROGRAM ARGUMENT...
 *
 * Descriptor 3 is a socket of this KIND on a free port of 127.0.0.1, told by LISTEN_FDS and LISTEN_PID:
 *
 *     stream      a TCP socket that listens: what it should be
 *     idle        a TCP socket that does not listen
 *     datagram    a UDP socket
 *     closed      none, although LISTEN_FDS says so
 *
 * The program takes this process's place, so its pid and exit status are the caller's to see. A child tells on standard output what there is to
 * tell, a line each: "service_manager: port 40000", then what comes to NOTIFY_SOCKET: "service_manager: READY=1". It ends after the program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HANDED_FD = 3 };

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "service_manager: %s: %s\n", what, strerror(errno));
	exit(127);
}

/* Moves it out of the way of HANDED_FD. */
static int aside(int fd)
{
	int moved = fcntl(fd, F_DUPFD, HANDED_FD + 1);

	must(moved >= 0, "fcntl");
	close(fd);
	return moved;
}

static unsigned hand_socket(const char *kind)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof in;
	bool is_datagram = strcmp(kind, "datagram") == 0;
	int fd = socket(AF_INET, is_datagram ? SOCK_DGRAM : SOCK_STREAM, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof in) == 0, "bind");
	must(strcmp(kind, "stream") != 0 || listen(fd, 128) == 0, "listen");
	must(getsockname(fd, (struct sockaddr *)&in, &size) == 0, "getsockname");
	if (fd != HANDED_FD) {
		must(dup2(fd, HANDED_FD) >= 0, "dup2");
		close(fd);
	}
	if (strcmp(kind, "closed") == 0)
		close(HANDED_FD);
	return ntohs(in.sin_port);
}

/* In the abstract namespace, so that no file is left. */
static int open_notify_socket(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int n = snprintf(un.sun_path, sizeof un.sun_path, "@parley-service-%ld", (long)getpid());
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(setenv("NOTIFY_SOCKET", un.sun_path, 1) == 0, "setenv");
	un.sun_path[0] = '\0';
	must(bind(fd, (struct sockaddr *)&un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)) == 0, "bind");
	return fd;
}

/* Until the program's end of the pipe is closed and nothing is left to tell. */
static void tell(int notify_fd, int program_fd, unsigned port)
{
	struct pollfd polled[] = {{.fd = notify_fd, .events = POLLIN}, {.fd = program_fd, .events = POLLIN}};
	char text[512];

	printf("service_manager: port %u\n", port);
	fflush(stdout);
	while (poll(polled, 2, -1) > 0) {
		if ((polled[0].revents & POLLIN) == 0)
			return;
		ssize_t n = recv(notify_fd, text, sizeof text, 0);
		must(n >= 0, "recv");
		printf("service_manager: %.*s\n", (int)n, text);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	char pid[24];
	int program[2], notify_fd;
	unsigned port;

	must(argc >= 3, "usage: service_manager stream|idle|datagram|closed PROGRAM ARGUMENT...");
	port = hand_socket(argv[1]);
	must(pipe(program) == 0, "pipe");
	program[0] = aside(program[0]);
	program[1] = aside(program[1]);
	notify_fd = aside(open_notify_socket());
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	must(setenv("LISTEN_FDS", "1", 1) == 0 && setenv("LISTEN_PID", pid, 1) == 0, "setenv");
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		close(HANDED_FD);
		close(program[1]);
		tell(notify_fd, program[0], port);
		return 0;
	}
	close(program[0]);
	close(notify_fd);
	execvp(argv[2], argv + 2);
	must(false, argv[2]);
}
