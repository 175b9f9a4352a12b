#include "cli/webhook_post.h"

#include "cli/cli_command.h"
#include "cli/cli_say.h"
#include "cli/cli_stop.h"
#include "webhook/webhook_curl.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BODY_BYTES_MAX = 16 * 1024 }; /* read of a reply; a server reads as much */

struct webhook_post {
	struct webhook_post_options options;
	CURL *easy;
	size_t n_read, n_reply; /* bytes of the body */
	struct webhook_post_outcome *out;
	char error[CURL_ERROR_SIZE];
};

/* libcurl refuses an option only when memory runs out or when it does not know it. */
#define SET(easy, option, value) must(curl_easy_setopt((easy), (option), (value)))

static void must(CURLcode result)
{
	if (result != CURLE_OK)
		abort();
}

static size_t take_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct webhook_post *p = arg;
	size_t room = WEBHOOK_POST_REPLY_BYTES - 1 - p->n_reply, kept = n < room ? n : room;

	(void)one;
	memcpy(p->out->reply + p->n_reply, bytes, kept);
	p->n_reply += kept;
	p->n_read += n;
	return p->n_read > BODY_BYTES_MAX ? 0 : n;
}

/* libcurl calls it at least once a second. */
static int on_progress(void *arg, curl_off_t to_read, curl_off_t read, curl_off_t to_write, curl_off_t written)
{
	const struct webhook_post *p = arg;

	(void)to_read;
	(void)read;
	(void)to_write;
	(void)written;
	return cli_stop_asked(p->options.stop_fd);
}

int webhook_post_open(const struct webhook_post_options *options, struct webhook_post **out)
{
	char missing[WEBHOOK_CURL_FAULT_BYTES];

	if (!webhook_curl_load(missing)) {
		cli_tell("%s", missing);
		return CLI_FAILED;
	}
	struct webhook_post *p = calloc(1, sizeof *p);
	assert(p != NULL);
	p->options = *options;
	must(curl_global_init(CURL_GLOBAL_DEFAULT));
	CURL *e = p->easy = curl_easy_init();
	assert(e != NULL);
	SET(e, CURLOPT_NOSIGNAL, 1L);
	SET(e, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(e, CURLOPT_FOLLOWLOCATION, 0L);
	SET(e, CURLOPT_PROXY, "");
	SET(e, CURLOPT_ERRORBUFFER, p->error);
	SET(e, CURLOPT_WRITEFUNCTION, take_body);
	SET(e, CURLOPT_WRITEDATA, p);
	SET(e, CURLOPT_NOPROGRESS, 0L);
	SET(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(e, CURLOPT_XFERINFODATA, p);
	SET(e, CURLOPT_USERAGENT, "Parley/" PARLEY_VERSION);
	SET(e, CURLOPT_POST, 1L);
	if (options->ca_file != NULL)
		SET(e, CURLOPT_CAINFO, options->ca_file);
	/* libcurl completes what is no URL ("localhost:3000"); a server takes none of that. */
	if ((strncasecmp(options->url, "http://", 7) == 0 || strncasecmp(options->url, "https://", 8) == 0) &&
	    curl_easy_setopt(e, CURLOPT_URL, options->url) == CURLE_OK) {
		*out = p;
		return CLI_OK;
	}
	cli_tell("the URL does not begin with http:// or https://: %s", options->url);
	webhook_post_close(p);
	return CLI_USAGE;
}

void webhook_post_close(struct webhook_post *p)
{
	if (p == NULL)
		return;
	curl_easy_cleanup(p->easy);
	free(p);
}

static void add_header(struct curl_slist **list, const char *name, const char *value)
{
	char *line;
	int n = value == NULL ? asprintf(&line, "%s:", name) : asprintf(&line, "%s: %s", name, value);
	assert(n >= 0);
	struct curl_slist *longer = curl_slist_append(*list, line);
	assert(longer != NULL);
	*list = longer;
	free(line);
}

static struct curl_slist *headers_of(const struct webhook_post *p, const char *id, const char *body)
{
	struct curl_slist *list = NULL;
	char timestamp[24], signatures[WEBHOOK_SIGNATURES_BYTES];
	struct webhook_signed what = {
		.id = id, .n_id = strlen(id), .timestamp_s = (int64_t)time(NULL), .body = body, .n_body = strlen(body)};
	const char *name;
	json_t *value;

	(void)snprintf(timestamp, sizeof timestamp, "%" PRId64, what.timestamp_s);
	(void)webhook_sign(&p->options.secret, 1, &what, signatures);
	add_header(&list, "Content-Type", "application/json");
	add_header(&list, "Expect", NULL); /* libcurl would wait a second for 100 Continue before a large body */
	add_header(&list, "webhook-id", id);
	add_header(&list, "webhook-timestamp", timestamp);
	add_header(&list, "webhook-signature", signatures);
	json_object_foreach((json_t *)p->options.headers, name, value) {
		add_header(&list, name, json_string_value(value));
	}
	return list;
}

/* A status counts even when the rest of the reply does not come. */
void webhook_post_send(struct webhook_post *p, const char *id, const char *body, uint32_t timeout_ms, struct webhook_post_outcome *out)
{
	struct curl_slist *headers = headers_of(p, id, body);
	long status = 0;
	curl_off_t total_us = 0;

	*out = (struct webhook_post_outcome){0};
	p->out = out;
	p->n_read = p->n_reply = 0;
	p->error[0] = '\0';
	SET(p->easy, CURLOPT_HTTPHEADER, headers);
	SET(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
	SET(p->easy, CURLOPT_POSTFIELDS, body);
	SET(p->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	CURLcode result = curl_easy_perform(p->easy);
	must(curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status));
	must(curl_easy_getinfo(p->easy, CURLINFO_TOTAL_TIME_T, &total_us));
	out->status = status >= 200 ? (unsigned)status : 0;
	out->latency_ms = (uint32_t)(total_us / 1000);
	if (out->status == 0)
		(void)snprintf(out->fault, sizeof out->fault, "%s", p->error[0] != '\0' ? p->error : curl_easy_strerror(result));
	SET(p->easy, CURLOPT_HTTPHEADER, NULL);
	SET(p->easy, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(headers);
}
