#include "webhook/webhook_exchange.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { RECEIVE_BYTES = 4096, IDLE_S_MAX = 60, HEADER_BYTES = 256 };

/* libcurl refuses an option only when memory runs out or when it does not know it, and then what the header promises does not hold. */
#define SET(easy, option, value) must(curl_easy_setopt((easy), (option), (value)))

static void must(CURLcode result)
{
	if (result != CURLE_OK)
		abort();
}

/* Called for each address that libcurl dials, in place of socket(2). */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct webhook_exchange *x = arg;
	struct ifaddrs *own = NULL;
	bool is_inet = purpose == CURLSOCKTYPE_IPCXN && (address->family == AF_INET || address->family == AF_INET6);
	/* Without the machine's own addresses nothing is let through that they could forbid. */
	bool allowed =
		is_inet && (x->target->host_allowed || (!getifaddrs(&own) && webhook_address_allowed(x->policy, &address->addr, own)));
	freeifaddrs(own);
	if (!allowed) {
		x->n_refused++;
		return CURL_SOCKET_BAD;
	}
	x->n_dialled++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void keep_retry_after(struct webhook_exchange *x, const char *value, size_t n)
{
	while (n && (*value == ' ' || *value == '\t'))
		value++, n--;
	while (n && strchr(" \t\r\n", value[n - 1]))
		n--;
	if (n >= sizeof(x->retry_after) || memchr(value, '\0', n))
		return;
	memcpy(x->retry_after, value, n);
	x->retry_after[n] = '\0';
}

static size_t read_header(char *line, size_t one, size_t n, void *arg)
{
	static const char name[] = "retry-after:";
	struct webhook_exchange *x = arg;
	(void)one;
	x->n_head += n;
	if (x->n_head > WEBHOOK_HEAD_BYTES_MAX)
		return 0;
	if (n >= sizeof(name) && !strncasecmp(line, name, sizeof(name) - 1))
		keep_retry_after(x, line + sizeof(name) - 1, n - (sizeof(name) - 1));
	return n;
}

static size_t read_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct webhook_exchange *x = arg;
	(void)one;
	size_t room = x->target->reply_bytes - x->outcome.n_reply, kept = n < room ? n : room;
	memcpy(x->reply + x->outcome.n_reply, bytes, kept);
	x->outcome.n_reply += kept;
	x->n_read += n;
	return x->n_read > WEBHOOK_REPLY_BYTES_MAX ? 0 : n;
}

/* What is the same for every exchange. */
static void set_up(struct webhook_exchange *x)
{
	CURL *e = x->easy;
	SET(e, CURLOPT_NOSIGNAL, 1L);
	SET(e, CURLOPT_QUICK_EXIT, 1L);
	SET(e, CURLOPT_PRIVATE, x);
	SET(e, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(e, CURLOPT_FOLLOWLOCATION, 0L);
	SET(e, CURLOPT_PROXY, "");
	SET(e, CURLOPT_NOPROXY, "*");
	SET(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(e, CURLOPT_HTTP09_ALLOWED, 0L);
	SET(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(e, CURLOPT_OPENSOCKETDATA, x);
	SET(e, CURLOPT_HEADERFUNCTION, read_header);
	SET(e, CURLOPT_HEADERDATA, x);
	SET(e, CURLOPT_WRITEFUNCTION, read_body);
	SET(e, CURLOPT_WRITEDATA, x);
	SET(e, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	SET(e, CURLOPT_CONNECTTIMEOUT_MS, (long)WEBHOOK_CONNECT_MS);
	SET(e, CURLOPT_MAXAGE_CONN, (long)IDLE_S_MAX);
	SET(e, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(e, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(e, CURLOPT_CAPATH, NULL);
	SET(e, CURLOPT_USERAGENT, "Parley/" PARLEY_VERSION);
	SET(e, CURLOPT_POST, 1L);
}

struct webhook_exchange *webhook_exchange_new(const struct webhook_policy *policy)
{
	struct webhook_exchange *x = mem_new(struct webhook_exchange);
	list_init(&x->link);
	x->policy = policy;
	x->easy = curl_easy_init();
	if (!x->easy)
		abort();
	set_up(x);
	return x;
}

void webhook_exchange_destroy(struct webhook_exchange *x)
{
	if (!x)
		return;
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	free(x->reply);
	free(x);
}

static void add_header(struct webhook_exchange *x, const char *line)
{
	struct curl_slist *longer = curl_slist_append(x->headers, line);
	if (!longer)
		abort();
	x->headers = longer;
}

static void add_headers(struct webhook_exchange *x)
{
	char line[HEADER_BYTES], signatures[WEBHOOK_SIGNATURES_BYTES];
	const struct webhook_target *t = x->target;
	struct webhook_signed what = {x->id, strlen(x->id), x->outcome.timestamp_s, x->body, x->n_body};
	int n;
	n = snprintf(line, sizeof(line), "Content-Type: %s", t->content_type);
	assert(n > 0 && (size_t)n < sizeof(line));
	add_header(x, line);
	add_header(x, "Expect:"); /* libcurl would wait a second for 100 Continue before a large body */
	n = snprintf(line, sizeof(line), "webhook-id: %s", x->id);
	assert(n > 0 && (size_t)n < sizeof(line));
	add_header(x, line);
	snprintf(line, sizeof(line), "webhook-timestamp: %" PRId64, x->outcome.timestamp_s);
	add_header(x, line);
	if (webhook_sign(t->secrets, WEBHOOK_SECRETS_MAX, &what, signatures)) {
		n = snprintf(line, sizeof(line), "webhook-signature: %s", signatures);
		assert(n > 0 && (size_t)n < sizeof(line));
		add_header(x, line);
	}
	for (const struct curl_slist *h = t->headers; h; h = h->next)
		add_header(x, h->data);
}

static void make_room(struct webhook_exchange *x)
{
	if (x->n_reply_room >= x->target->reply_bytes)
		return;
	x->n_reply_room = x->target->reply_bytes;
	free(x->reply);
	x->reply = mem_zalloc(x->n_reply_room);
}

void webhook_exchange_begin(struct webhook_exchange *x)
{
	const struct webhook_target *t = x->target;
	make_room(x);
	x->outcome = (struct webhook_outcome){.timestamp_s = clock_wall_ms() / 1000, .retry_after = x->retry_after, .reply = x->reply};
	x->retry_after[0] = '\0';
	x->n_dialled = x->n_refused = 0;
	x->n_head = x->n_read = 0;
	add_headers(x);
	SET(x->easy, CURLOPT_URL, t->url);
	SET(x->easy, CURLOPT_HTTPHEADER, x->headers);
	SET(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->n_body);
	SET(x->easy, CURLOPT_POSTFIELDS, x->body); /* libcurl does not copy them */
	SET(x->easy, CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
	/* Over plain HTTP libcurl would keep in mind that HTTP/2 may follow. */
	bool is_tls = !strncasecmp(t->url, "https:", 6);
	SET(x->easy, CURLOPT_HTTP_VERSION, (long)(is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	/* Always set: the handle may have carried the certificates of another endpoint. Without either nobody would be trusted. */
	struct curl_blob ca = {.data = t->ca, .len = t->ca ? strlen(t->ca) : 0, .flags = CURL_BLOB_NOCOPY};
	SET(x->easy, CURLOPT_CAINFO_BLOB, t->ca ? &ca : NULL);
	SET(x->easy, CURLOPT_CAINFO, t->ca ? NULL : curl_version_info(CURLVERSION_NOW)->cainfo);
}

static enum webhook_end end_of(const struct webhook_exchange *x, CURLcode result)
{
	switch ((int)result) {
	case CURLE_OPERATION_TIMEDOUT:
		return WEBHOOK_TIMED_OUT;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_URL_MALFORMAT:
		return WEBHOOK_NAME_NOT_FOUND;
	case CURLE_COULDNT_CONNECT:
		return x->n_refused && !x->n_dialled ? WEBHOOK_ADDRESS_REFUSED : WEBHOOK_NOT_CONNECTED;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
		return WEBHOOK_TLS_FAILED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return WEBHOOK_CERTIFICATE_REFUSED;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_WRITE_ERROR:
	case CURLE_BAD_CONTENT_ENCODING:
		return WEBHOOK_NOT_HTTP;
	default:
		return WEBHOOK_CONNECTION_LOST;
	}
}

/* A status counts even when the rest of the reply does not come: the endpoint has said what it did with the event. */
void webhook_exchange_end(struct webhook_exchange *x, CURLcode result)
{
	long status = 0;
	curl_off_t total_us = 0;
	must(curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status));
	must(curl_easy_getinfo(x->easy, CURLINFO_TOTAL_TIME_T, &total_us));
	bool answered = status >= 200 && status <= 999;
	x->outcome.latency_us = total_us > 0 ? (uint64_t)total_us : 0;
	x->outcome.status = answered ? (unsigned)status : 0;
	x->outcome.end = atomic_load(&x->is_cancelled) ? WEBHOOK_CANCELLED
			 : answered                    ? WEBHOOK_ANSWERED
						       : end_of(x, result == CURLE_OK ? CURLE_WEIRD_SERVER_REPLY : result);
	SET(x->easy, CURLOPT_HTTPHEADER, NULL);
	SET(x->easy, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(x->headers);
	x->headers = NULL;
}
