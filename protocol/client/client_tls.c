#include "client/client_tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct client_tls {
	SSL_CTX *context;
	SSL *ssl;
	char host[CLIENT_TLS_HOST_BYTES];
	const char *ca_option;
	bool is_private_ca; /* a ca_file was given */
	bool is_open;       /* the handshake is done, and no error followed */
	short waits_for;    /* client_tls_waits_for() */
};

static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error()); /* the oldest error names the cause */

	return reason != NULL ? reason : "OpenSSL does not say why";
}

static bool load_trust(SSL_CTX *context, const struct client_trust *trust, struct client_fault *fault)
{
	if (trust->ca_file == NULL) {
		if (SSL_CTX_set_default_verify_paths(context) == 1)
			return true;
		client_fault_set(fault, "cannot read the system's certificates: %s", openssl_reason());
		return false;
	}
	if (access(trust->ca_file, R_OK) != 0)
		client_fault_set(fault, "%s %s: %s", trust->option, trust->ca_file, strerror(errno));
	else if (SSL_CTX_load_verify_locations(context, trust->ca_file, NULL) != 1)
		client_fault_set(fault, "%s %s: no usable PEM certificate in it: %s", trust->option, trust->ca_file, openssl_reason());
	else
		return true;
	return false;
}

/* A name is sent as SNI and checked as a name. An address is only checked. */
static bool expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static bool set_up(struct client_tls *t, int fd, const struct client_trust *trust, struct client_fault *fault)
{
	t->context = SSL_CTX_new(TLS_client_method());
	if (t->context != NULL && !load_trust(t->context, trust, fault))
		return false;
	if (t->context != NULL) {
		SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
		/* The outbox may grow and move between two tries to write the same bytes. */
		SSL_CTX_set_mode(t->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
		/* The protocol above shows whether a connection was cut short (WebSocket's closing frame, a reply without its end): a missing close_notify is no error. */
		SSL_CTX_set_options(t->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif
		t->ssl = SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) == 1 ? SSL_new(t->context) : NULL;
	}
	if (t->ssl != NULL && expect_host(t->ssl, t->host) && SSL_set_fd(t->ssl, fd) == 1)
		return true;
	client_fault_set(fault, "cannot set TLS up for %s: %s", t->host, openssl_reason());
	return false;
}

struct client_tls *client_tls_create(int fd, const char *host, const struct client_trust *trust, struct client_fault *fault)
{
	struct client_tls *t = calloc(1, sizeof *t);

	assert(t != NULL && strlen(host) < sizeof t->host);
	memcpy(t->host, host, strlen(host) + 1);
	t->is_private_ca = trust->ca_file != NULL;
	t->ca_option = trust->option;
	ERR_clear_error();
	if (set_up(t, fd, trust, fault))
		return t;
	client_tls_destroy(t);
	return NULL;
}

void client_tls_destroy(struct client_tls *t)
{
	if (t == NULL)
		return;
	if (t->is_open)
		(void)SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	ERR_clear_error();
	free(t);
}

static void tell_certificate(const struct client_tls *t, long verdict, struct client_fault *fault)
{
	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
		client_fault_set(fault, "the server's certificate is not for %.200s: connect to the name it was made for", t->host);
		return;
	}
	client_fault_set(fault, "the certificate of %.120s is not trusted: %s", t->host, X509_verify_cert_error_string(verdict));
	size_t n = strlen(fault->text);
	if (verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	    verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
		(void)snprintf(fault->text + n, sizeof fault->text - n,
			       t->is_private_ca ? "; it is none that %s vouches for" : "; name a private authority's certificate with %s",
			       t->ca_option);
}

int client_tls_handshake(struct client_tls *t, short *events, struct client_fault *fault)
{
	ERR_clear_error();
	int result = SSL_connect(t->ssl);
	int error = SSL_get_error(t->ssl, result), system_error = errno;

	if (result == 1) {
		t->is_open = true;
		return 1;
	}
	t->waits_for = *events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return 0;
	long verdict = SSL_get_verify_result(t->ssl);
	if (verdict != X509_V_OK)
		tell_certificate(t, verdict, fault);
	else if (error == SSL_ERROR_SSL)
		client_fault_set(fault, "no TLS with %.200s: %s; does it speak TLS there?", t->host, openssl_reason());
	else
		client_fault_set(fault, "no TLS with %.200s: %s", t->host,
				 error == SSL_ERROR_SYSCALL && system_error != 0 ? strerror(system_error)
										 : "the server closed the connection");
	return -EPROTO;
}

/* Turns OpenSSL's result into that of recv(2) and send(2). */
static ssize_t result_of(struct client_tls *t, int result)
{
	int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, result);

	switch (error) {
	case SSL_ERROR_NONE:
		return result;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		t->waits_for = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_SYSCALL:
		t->is_open = false;
		if (errno == 0)
			return 0;
		return -1;
	default:
		t->is_open = false;
		errno = EPROTO;
		return -1;
	}
}

static int at_most(size_t n)
{
	return n < INT_MAX ? (int)n : INT_MAX;
}

ssize_t client_tls_read(struct client_tls *t, void *out, size_t n)
{
	ERR_clear_error();
	errno = 0;
	return result_of(t, SSL_read(t->ssl, out, at_most(n)));
}

ssize_t client_tls_write(struct client_tls *t, const void *bytes, size_t n)
{
	ERR_clear_error();
	errno = 0;
	ssize_t written = result_of(t, SSL_write(t->ssl, bytes, at_most(n)));

	if (written != 0)
		return written;
	errno = EPIPE; /* nothing can be written after the end */
	return -1;
}

short client_tls_waits_for(const struct client_tls *t)
{
	return t->waits_for;
}
