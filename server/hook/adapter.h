/*
 * What a post says, in the words of each sender. An adapter is a pure function in a file of its own, from JSON to a text for people; any thread.
 *
 * The text is a message as people write them (the page's small part of Markdown). What stands in a post becomes markup only where the sender's format says so.
 * Members that nobody reads are ignored, whatever they hold, and a member of another type than expected counts as absent.
 */
#ifndef PARLEY_HOOK_ADAPTER_H
#define PARLEY_HOOK_ADAPTER_H

#include "codec/buf.h"
#include "codec/request_decode.h"

#include <jansson.h>

enum {
	HOOK_JSON_DEPTH_MAX = 64,    /* levels; GitHub's deepest have about ten */
	HOOK_TEXT_BYTES_MAX = 65536, /* of what an adapter makes; what a room takes is less */
	HOOK_NAME_BYTES_MAX = 64,    /* longer ones are cut */
	HOOK_ICON_BYTES_MAX = 500,   /* longer ones are left out */
};

struct hook_input {
	struct text body;          /* JSON, as it came */
	struct text event;         /* what the head names it (X-GitHub-Event, X-Gitlab-Event); s NULL: nothing */
	struct text template_text; /* of the hook; s NULL: none */
	bool may_mention;
	size_t text_bytes; /* to which the text may be cut afterwards; 0: it is not */
};

/* UTF-8 without control characters other than newline and tab. An empty one is none. */
struct hook_post {
	struct buf text;
	struct buf name,
		icon; /* what the post asks to be shown as: a name by the rules for names, a word between colons or an http(s) address */
};

enum hook_result {
	HOOK_POST,            /* *out has a text */
	HOOK_NOTHING,         /* it is good, and there is nothing to say */
	HOOK_NO_TEXT,         /* it has to have a text, and has none */
	HOOK_INVALID_PAYLOAD, /* it is not what this sender sends */
};

struct adapter {
	const char *name;
	enum hook_result (*read)(const json_t *root, const struct hook_input *in, struct hook_post *out); /* root is an object */
};

/* NULL: there is none of this name. */
const struct adapter *adapter_find(const char *name);
/* *out is zeroed before; finish it in any case. It is empty unless the result is HOOK_POST. A text that would mention somebody is changed so that it
 * does not, unless it may. */
enum hook_result adapter_read(const struct adapter *adapter, const struct hook_input *in, struct hook_post *out);
/* The same of JSON that is parsed: an object; in->body is not looked at. */
enum hook_result adapter_read_parsed(const struct adapter *adapter, const json_t *root, const struct hook_input *in, struct hook_post *out);
/* An object within HOOK_JSON_DEPTH_MAX that says nothing twice, or NULL. The caller frees it. */
json_t *adapter_parse(struct text body);
void hook_post_finish(struct hook_post *post);

/* What the rows of the table call, one for each file. */
enum hook_result adapter_alertmanager_read(const json_t *root, const struct hook_input *in, struct hook_post *out);
enum hook_result adapter_discord_read(const json_t *root, const struct hook_input *in, struct hook_post *out);
enum hook_result adapter_generic_read(const json_t *root, const struct hook_input *in, struct hook_post *out);
enum hook_result adapter_github_read(const json_t *root, const struct hook_input *in, struct hook_post *out);
enum hook_result adapter_gitlab_read(const json_t *root, const struct hook_input *in, struct hook_post *out);
enum hook_result adapter_slack_read(const json_t *root, const struct hook_input *in, struct hook_post *out);

#endif
