#include "net/accept/tls_files.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tls_files {
	SSL_CTX *pair; /* holds the pair; no connection uses it */
};

/* Only regular files are accepted. A pipe could keep the loop waiting, and it is empty when the library reads it after us. */
static bool check_file(const char *path, char *fault, size_t n)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int error = fd < 0 || fstat(fd, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;

	if (fd >= 0)
		close(fd);
	if (error != 0)
		snprintf(fault, n, "cannot read %s: %s", path, strerror(error));
	else if (!S_ISREG(st.st_mode))
		snprintf(fault, n, "cannot read %s: not a regular file", path);
	else
		return true;
	return false;
}

/* Without this callback OpenSSL asks for the passphrase on the terminal. */
static int refuse_passphrase(char *buffer, int size, int writing, void *asked)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

/* OpenSSL's errors for a file that holds neither certificate nor key. The operator is told OpenSSL's reason for any other error. Its decoders
 * report text that is no key as "unsupported". */
static bool found_nothing(unsigned long error)
{
	return error == 0 || (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) ||
	       ERR_GET_REASON(error) == ERR_R_UNSUPPORTED;
}

static void describe(const char *what, const char *path, char *fault, size_t n)
{
	unsigned long error = ERR_peek_error(); /* the oldest error names the cause */
	const char *reason = ERR_reason_error_string(error);

	if (found_nothing(error))
		snprintf(fault, n, "there is no PEM %s in %s", what, path);
	else
		snprintf(fault, n, "cannot use the %s in %s: %s", what, path, reason != NULL ? reason : "OpenSSL does not say why");
}

/* Reads the key first. When it is read after a certificate to which it does not belong, OpenSSL reports a fault of the key. */
static bool load(SSL_CTX *tls, const char *cert, const char *key, char *fault, size_t n)
{
	bool asked = false;

	SSL_CTX_set_default_passwd_cb(tls, refuse_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(tls, &asked);
	if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
		if (asked)
			snprintf(fault, n, "the private key in %s has a passphrase; it is needed without", key);
		else
			describe("private key", key, fault, n);
		return false;
	}
	if (SSL_CTX_use_certificate_chain_file(tls, cert) != 1) {
		describe("certificate", cert, fault, n);
		return false;
	}
	if (SSL_CTX_check_private_key(tls) != 1) {
		snprintf(fault, n, "the certificate and the private key do not belong together: %s, %s", cert, key);
		return false;
	}
	return true;
}

struct tls_files *tls_files_read(const char *cert, const char *key, char *fault, size_t n)
{
	if (!check_file(cert, fault, n) || !check_file(key, fault, n))
		return NULL;
	ERR_clear_error();
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	struct tls_files *f = NULL;

	if (tls == NULL) {
		snprintf(fault, n, "cannot set OpenSSL up");
	} else if (load(tls, cert, key, fault, n)) {
		f = mem_new(struct tls_files);
		f->pair = tls;
	} else {
		SSL_CTX_free(tls);
	}
	ERR_clear_error(); /* the library looks at the same queue */
	return f;
}

void tls_files_free(struct tls_files *f)
{
	if (f == NULL)
		return;
	SSL_CTX_free(f->pair);
	free(f);
}

/* A callback of SSL_CTX_set_cert_cb(3). SSL_set_SSL_CTX(3) does not do, because the library finds its virtual host by the handshake's context. */
static int give_pair(SSL *ssl, void *arg)
{
	struct tls_files *const *current = arg;
	SSL_CTX *pair = (*current)->pair;
	STACK_OF(X509) *chain = NULL;

	SSL_certs_clear(ssl);
	SSL_CTX_get0_chain_certs(pair, &chain);
	return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(pair), SSL_CTX_get0_privatekey(pair), chain, 1);
}

void tls_files_serve(void *ssl_ctx, struct tls_files **current)
{
	SSL_CTX_set_cert_cb(ssl_ctx, give_pair, current);
}

void tls_close_notify(struct lws *wsi)
{
	SSL *ssl = lws_get_ssl(wsi);

	if (ssl != NULL && SSL_is_init_finished(ssl))
		(void)SSL_shutdown(ssl);
	ERR_clear_error(); /* the library looks at the same queue */
}
