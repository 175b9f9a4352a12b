/*
 * Whether a certificate and its private key can be served, found out on a context of their own before the library is given them: it loads
 * them one after the other into the context that is in use, and a pair that does not fit would leave that one with neither.
 *
 * Loop thread only; reads both files and keeps nothing. Never asks for a passphrase.
 */
#ifndef PARLEY_NET_TLS_FILES_H
#define PARLEY_NET_TLS_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* False with a sentence of at most n bytes in fault: which of the files is wrong, and how. */
bool tls_files_check(const char *cert, const char *key, char *fault, size_t n);

#endif
