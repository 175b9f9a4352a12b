/*
 * GitLab's webhooks ("Webhook events"). The body names the event. GitLab switches a hook off that answers with errors, so what is not worth a line is good and
 * says nothing.
 */
#include "hook/adapter.h"
#include "hook/hook_commits.h"
#include "hook/hook_event_line.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"

#include <string.h>

#define WHO "{user.name} "
#define WHERE " in {project.path_with_namespace}"
#define ISSUE "issue #{object_attributes.iid}" WHERE ": {object_attributes.title}\n{object_attributes.url}"
#define MERGE "merge request !{object_attributes.iid}" WHERE ": {object_attributes.title}\n{object_attributes.url}"
#define NOTE "\n> {object_attributes.note}\n{object_attributes.url}"
#define PIPELINE(outcome) \
	"Pipeline #{object_attributes.id} " outcome " on {object_attributes.ref}" WHERE \
	"\n{project.web_url}/-/pipelines/{object_attributes.id}"
#define WIKI "the wiki page {object_attributes.title}" WHERE "\n{object_attributes.url}"

/* clang-format off */
static const struct hook_event_line lines[] = {
	{"issue",         "open",         WHO "opened " ISSUE},
	{"issue",         "close",        WHO "closed " ISSUE},
	{"issue",         "reopen",       WHO "reopened " ISSUE},
	{"work_item",     "open",         WHO "opened " ISSUE},
	{"work_item",     "close",        WHO "closed " ISSUE},
	{"work_item",     "reopen",       WHO "reopened " ISSUE},
	{"merge_request", "open",         WHO "opened " MERGE},
	{"merge_request", "merge",        WHO "merged " MERGE},
	{"merge_request", "close",        WHO "closed " MERGE},
	{"merge_request", "reopen",       WHO "reopened " MERGE},
	{"merge_request", "approved",     WHO "approved " MERGE},
	{"note",          "Issue",        WHO "commented on issue #{issue.iid}" WHERE ": {issue.title}" NOTE},
	{"note",          "MergeRequest", WHO "commented on merge request !{merge_request.iid}" WHERE ": {merge_request.title}" NOTE},
	{"note",          "Commit",       WHO "commented on a commit" WHERE NOTE},
	{"note",          "Snippet",      WHO "commented on the snippet {snippet.title}" WHERE NOTE},
	{"pipeline",      "success",      PIPELINE("succeeded")},
	{"pipeline",      "failed",       PIPELINE("failed")},
	{"build",         "failed",       "Job {build_name} failed on {ref} in {project_name}\n{repository.homepage}/-/jobs/{build_id}"},
	{"release",       "create",       "{name} of {project.path_with_namespace} is released ({tag})\n{url}"},
	{"wiki_page",     "create",       WHO "created " WIKI},
	{"wiki_page",     "update",       WHO "changed " WIKI},
	{"wiki_page",     "delete",       WHO "deleted " WIKI},
};
/* clang-format on */

/* The member that says what happened. */
static const char *action_path(const json_t *root)
{
	if (hook_value_is(root, "object_kind", "note"))
		return "object_attributes.noteable_type";
	if (hook_value_is(root, "object_kind", "pipeline"))
		return "object_attributes.status";
	if (hook_value_is(root, "object_kind", "build"))
		return "build_status";
	return hook_value_is(root, "object_kind", "release") ? "action" : "object_attributes.action";
}

/* All zeros: there was or is nothing. */
static bool is_no_commit(struct text id)
{
	return id.n > 0 && strspn(id.s, "0") == id.n;
}

static void append_where(struct buf *out, const json_t *root)
{
	buf_append_str(out, " in ");
	hook_text_line(out, hook_value_string(root, "project.path_with_namespace"));
}

static void append_new_or_gone(struct buf *out, const json_t *root, const char *what)
{
	buf_append_str(out, is_no_commit(hook_value_string(root, "after")) ? " deleted " : " created ");
	buf_append_str(out, what);
	hook_text_line(out, hook_ref_name(hook_value_string(root, "ref")));
	append_where(out, root);
}

static void append_push(struct buf *out, const json_t *root)
{
	bool is_tag = hook_value_is(root, "object_kind", "tag_push");
	bool is_gone = is_no_commit(hook_value_string(root, "after")), is_new = is_no_commit(hook_value_string(root, "before"));
	const json_t *commits = hook_value_at(root, "commits");

	hook_text_line(out, hook_value_string(root, "user_name"));
	if (is_tag || is_gone || (is_new && json_array_size(commits) == 0)) {
		append_new_or_gone(out, root, is_tag ? "tag " : "branch ");
		return;
	}
	buf_append_str(out, " pushed ");
	size_t n = hook_commits_count(out, commits, json_integer_value(hook_value_at(root, "total_commits_count")));
	buf_append_str(out, is_new ? " to the new branch " : " to ");
	hook_text_line(out, hook_ref_name(hook_value_string(root, "ref")));
	append_where(out, root);
	hook_commits_list(out, commits, n);
	buf_append_byte(out, '\n');
	hook_text_line(out, hook_value_string(root, "project.web_url"));
}

/* What a rule of the project allows to fail, what GitLab itself noted, and a comment that is only changed, is no news. */
static bool is_quiet(const json_t *root)
{
	if (hook_value_is(root, "object_kind", "note") && hook_value_is(root, "object_attributes.action", "update"))
		return true;
	return hook_value_is_true(root, "build_allow_failure") || hook_value_is_true(root, "object_attributes.system");
}

enum hook_result adapter_gitlab_read(const json_t *root, const struct hook_input *in, struct hook_post *out)
{
	struct text kind = hook_value_string(root, "object_kind");

	if (kind.n == 0 && (!in->event.s || in->event.n == 0))
		return HOOK_INVALID_PAYLOAD;
	if (is_quiet(root))
		return HOOK_NOTHING;
	if (hook_value_is(root, "object_kind", "push") || hook_value_is(root, "object_kind", "tag_push")) {
		append_push(&out->text, root);
		return HOOK_POST;
	}
	bool is_said = hook_event_line_append(&out->text, lines, sizeof lines / sizeof lines[0], kind,
					      hook_value_string(root, action_path(root)), root);
	return is_said ? HOOK_POST : HOOK_NOTHING;
}
