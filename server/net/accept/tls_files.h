/*
 * The certificate and the private key that handshakes use: read together, checked, and only then put in place of the pair before. The library
 * is given the first pair to set itself up with; it would load a new one into the context that is in use, certificate first and key after,
 * and would go on preferring the old pair where the new key is of another kind.
 *
 * Loop thread only. Never asks for a passphrase.
 */
#ifndef PARLEY_NET_ACCEPT_TLS_FILES_H
#define PARLEY_NET_ACCEPT_TLS_FILES_H

#include <stddef.h>

struct lws;
struct tls_files;

/* Owned by the caller. NULL with a sentence of at most n bytes in fault: which of the files is wrong, and how. */
struct tls_files *tls_files_read(const char *cert, const char *key, char *fault, size_t n);
/* Accepts NULL. Connections that use the pair keep it. */
void tls_files_free(struct tls_files *f);
/* From now on each handshake of this SSL_CTX uses the pair that *current is then; neither may go before the SSL_CTX does. */
void tls_files_serve(void *ssl_ctx, struct tls_files **current);
/* Tells the peer of a connection that nothing more follows (close_notify, RFC 8446 section 6.1). */
void tls_close_notify(struct lws *wsi);

#endif
