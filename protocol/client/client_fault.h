/*
 * A fault on the client's side, as a sentence for a person. The function that fails fills it. The caller owns it.
 */
#ifndef PARLEY_CLIENT_FAULT_H
#define PARLEY_CLIENT_FAULT_H

#include <stdio.h>

struct client_fault {
	char text[320]; /* NUL-terminated; empty when there is none */
};

#define client_fault_set(fault, ...) ((void)snprintf((fault)->text, sizeof(fault)->text, __VA_ARGS__))

#endif
