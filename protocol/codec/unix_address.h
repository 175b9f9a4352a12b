/*
 * The address of a Unix socket, however long its path: what does not fit into struct sockaddr_un goes through a descriptor of its folder and
 * /proc. Linux.
 */
#ifndef PARLEY_CODEC_UNIX_ADDRESS_H
#define PARLEY_CODEC_UNIX_ADDRESS_H

#include <sys/un.h>

struct unix_address {
	struct sockaddr_un un;
	int folder_fd; /* un is good while it is open; -1: not needed */
};

/* 0, or a negative errno: -ENAMETOOLONG where the last part of the path is too long by itself, or why the folder cannot be opened. */
int unix_address_init(struct unix_address *a, const char *path);
void unix_address_finish(struct unix_address *a);

#endif
