/*
 * libcurl, loaded when the first webhook is made or posted. It brings some thirty libraries of its own (LDAP, Kerberos, HTTP/2), which take memory and time at
 * every start: a server without outgoing webhooks, and a client that posts none, have none of them. The functions are called by their usual names, but without
 * the checks of the types of options that curl.h makes with GCC.
 *
 * Loading is for one thread, before another one calls libcurl. It takes some ten milliseconds, once. Source: dlopen(3).
 */
#ifndef PARLEY_WEBHOOK_WEBHOOK_CURL_H
#define PARLEY_WEBHOOK_WEBHOOK_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

/* Macros of curl.h. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

/* clang-format off */
#define WEBHOOK_CURL_TABLE(X) \
	X(easy_cleanup) X(easy_getinfo) X(easy_init) X(easy_perform) X(easy_setopt) X(easy_strerror) X(free) X(global_cleanup) X(global_init) \
	X(multi_add_handle) X(multi_cleanup) X(multi_info_read) X(multi_init) X(multi_remove_handle) X(multi_setopt) X(multi_socket_action) \
	X(slist_append) X(slist_free_all) X(url) X(url_cleanup) X(url_get) X(url_set) X(version_info)
/* clang-format on */

struct webhook_curl {
#define X(name) __typeof__(&(curl_##name)) name##_;
	WEBHOOK_CURL_TABLE(X)
#undef X
};

/* Set by webhook_curl_load(), and constant from then on. */
extern struct webhook_curl webhook_curl;

enum { WEBHOOK_CURL_FAULT_BYTES = 250 };

/* Loads it once. False, with a sentence that says what to install. */
bool webhook_curl_load(char fault[WEBHOOK_CURL_FAULT_BYTES]);

#define curl_easy_cleanup (webhook_curl.easy_cleanup_)
#define curl_easy_getinfo (webhook_curl.easy_getinfo_)
#define curl_easy_init (webhook_curl.easy_init_)
#define curl_easy_perform (webhook_curl.easy_perform_)
#define curl_easy_setopt (webhook_curl.easy_setopt_)
#define curl_easy_strerror (webhook_curl.easy_strerror_)
#define curl_free (webhook_curl.free_)
#define curl_global_cleanup (webhook_curl.global_cleanup_)
#define curl_global_init (webhook_curl.global_init_)
#define curl_multi_add_handle (webhook_curl.multi_add_handle_)
#define curl_multi_cleanup (webhook_curl.multi_cleanup_)
#define curl_multi_info_read (webhook_curl.multi_info_read_)
#define curl_multi_init (webhook_curl.multi_init_)
#define curl_multi_remove_handle (webhook_curl.multi_remove_handle_)
#define curl_multi_setopt (webhook_curl.multi_setopt_)
#define curl_multi_socket_action (webhook_curl.multi_socket_action_)
#define curl_slist_append (webhook_curl.slist_append_)
#define curl_slist_free_all (webhook_curl.slist_free_all_)
#define curl_url (webhook_curl.url_)
#define curl_url_cleanup (webhook_curl.url_cleanup_)
#define curl_url_get (webhook_curl.url_get_)
#define curl_url_set (webhook_curl.url_set_)
#define curl_version_info (webhook_curl.version_info_)

#endif
