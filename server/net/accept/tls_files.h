/*
 * The certificate and the private key that handshakes use. The two are read together and checked before they replace the pair in use. The library
 * gets the first pair for its setup, and no later one: it would load the certificate and then the key into the context in use, and it would
 * prefer the old pair when the new key is of another kind.
 *
 * Loop thread only. A passphrase is never asked for.
 */
#ifndef PARLEY_NET_ACCEPT_TLS_FILES_H
#define PARLEY_NET_ACCEPT_TLS_FILES_H

#include <stddef.h>

struct lws;
struct tls_files;

/* Returns a pair that the caller owns. Returns NULL with a sentence of at most n bytes in fault that tells which file is wrong, and how. */
struct tls_files *tls_files_read(const char *cert, const char *key, char *fault, size_t n);
/* Connections that use the pair keep it. Accepts NULL. */
void tls_files_free(struct tls_files *f);
/* From now on each handshake of this SSL_CTX uses the pair to which *current points at that moment. Both must outlive the SSL_CTX. */
void tls_files_serve(void *ssl_ctx, struct tls_files **current);
/* Tells the peer that nothing more follows (close_notify, RFC 8446 section 6.1). */
void tls_close_notify(struct lws *wsi);

#endif
