/*
 * GitHub's own webhooks ("Webhook events and payloads"), which Gitea and Forgejo send too, with the same head. What people want to read has a row or a
 * function here; all else is good and says nothing, because a sender that gets an error for it switches the hook off.
 */
#include "hook/adapter.h"
#include "hook/hook_commits.h"
#include "hook/hook_event_line.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"

#include <string.h>

#define WHO "{sender.login} "
#define WHERE " in {repository.full_name}"
#define ISSUE "issue #{issue.number}" WHERE ": {issue.title}\n{issue.html_url}"
#define PULL "pull request #{pull_request.number}" WHERE ": {pull_request.title}\n{pull_request.html_url}"
#define COMMENT "\n> {comment.body}\n{comment.html_url}"
#define REVIEW PULL "\n> {review.body}"
#define REVIEW_OF_GITEA PULL "\n> {review.content}"
#define TALK "discussion #{discussion.number}" WHERE ": {discussion.title}"

/* clang-format off */
static const struct hook_event_line lines[] = {
	{"ping",                        NULL,               "This room gets events of GitHub.\n{repository.html_url}"},
	{"issues",                      "opened",           WHO "opened " ISSUE},
	{"issues",                      "closed",           WHO "closed " ISSUE},
	{"issues",                      "reopened",         WHO "reopened " ISSUE},
	{"issue_comment",               "created",          WHO "commented on #{issue.number}" WHERE ": {issue.title}" COMMENT},
	{"pull_request",                "opened",           WHO "opened " PULL},
	{"pull_request",                "merged",           WHO "merged " PULL},
	{"pull_request",                "closed",           WHO "closed " PULL},
	{"pull_request",                "reopened",         WHO "reopened " PULL},
	{"pull_request",                "ready_for_review", WHO "asks for reviews of " PULL},
	{"pull_request_review",         "approved",         WHO "approved " REVIEW},
	{"pull_request_review",         "changes_requested", WHO "asked for changes of " REVIEW},
	{"pull_request_approved",       NULL,               WHO "approved " REVIEW_OF_GITEA},
	{"pull_request_rejected",       NULL,               WHO "asked for changes of " REVIEW_OF_GITEA},
	{"pull_request_review_comment", "created",          WHO "commented on #{pull_request.number}" WHERE ": {pull_request.title}" COMMENT},
	{"commit_comment",              "created",          WHO "commented on a commit" WHERE COMMENT},
	{"discussion",                  "created",          WHO "began " TALK "\n{discussion.html_url}"},
	{"discussion_comment",          "created",          WHO "commented on " TALK COMMENT},
	{"release",                     "published",        WHO "published release {release.tag_name} of {repository.full_name}\n{release.html_url}"},
	{"workflow_run",                "success",          "{workflow_run.name} succeeded on {workflow_run.head_branch}" WHERE "\n{workflow_run.html_url}"},
	{"workflow_run",                "failure",          "{workflow_run.name} failed on {workflow_run.head_branch}" WHERE "\n{workflow_run.html_url}"},
	{"workflow_run",                "startup_failure",  "{workflow_run.name} could not start on {workflow_run.head_branch}" WHERE "\n{workflow_run.html_url}"},
	{"workflow_run",                "timed_out",        "{workflow_run.name} took too long on {workflow_run.head_branch}" WHERE "\n{workflow_run.html_url}"},
	{"create",                      NULL,               WHO "created {ref_type} {ref}" WHERE},
	{"delete",                      NULL,               WHO "deleted {ref_type} {ref}" WHERE},
	{"fork",                        NULL,               WHO "forked {repository.full_name} to {forkee.full_name}\n{forkee.html_url}"},
	{"star",                        "created",          WHO "starred {repository.full_name}"},
	{"gollum",                      NULL,               WHO "changed the wiki of {repository.full_name}: {pages.0.title}\n{pages.0.html_url}"},
	{"repository",                  "created",          WHO "created {repository.full_name}\n{repository.html_url}"},
	{"repository",                  "archived",         WHO "archived {repository.full_name}\n{repository.html_url}"},
	{"repository",                  "deleted",          WHO "deleted {repository.full_name}"},
};
/* clang-format on */

/* What was done, in one word of the table: the outcome says more than "closed", "completed" or "submitted". */
static struct text action_of(const json_t *root, struct text event)
{
	struct text action = hook_value_string(root, "action");

	if (hook_text_is(event, "pull_request") && hook_value_is(root, "action", "closed") &&
	    hook_value_is_true(root, "pull_request.merged"))
		return (struct text){.s = "merged", .n = strlen("merged")};
	if (hook_value_is(root, "action", "completed"))
		return hook_value_string(root, "workflow_run.conclusion");
	if (hook_value_is(root, "action", "submitted"))
		return hook_value_string(root, "review.state");
	return action;
}

/* A new or deleted branch or tag without commits has an event of its own. */
static bool append_push(struct buf *out, const json_t *root)
{
	struct text ref = hook_value_string(root, "ref"), compare = hook_value_string(root, "compare");
	struct text who = hook_value_string(root, "sender.login");
	const json_t *commits = hook_value_at(root, "commits");

	if (json_array_size(commits) == 0)
		return false;
	hook_text_line(out, who.n > 0 ? who : hook_value_string(root, "pusher.name"));
	buf_append_str(out, hook_value_is_true(root, "forced") ? " force-pushed " : " pushed ");
	size_t n = hook_commits_count(out, commits, json_integer_value(hook_value_at(root, "total_commits")));
	buf_append_str(out, " to ");
	hook_text_line(out, hook_ref_name(ref));
	buf_append_str(out, " in ");
	hook_text_line(out, hook_value_string(root, "repository.full_name"));
	hook_commits_list(out, commits, n);
	buf_append_byte(out, '\n');
	hook_text_line(out, compare.n > 0 ? compare : hook_value_string(root, "compare_url"));
	return true;
}

enum hook_result adapter_github_read(const json_t *root, const struct hook_input *in, struct hook_post *out)
{
	struct text event = in->event.s ? in->event : (struct text){.s = ""};
	bool is_said = hook_text_is(event, "push") ? append_push(&out->text, root)
						   : hook_event_line_append(&out->text, lines, sizeof lines / sizeof lines[0], event,
									    action_of(root, event), root);

	if (event.n == 0)
		return HOOK_INVALID_PAYLOAD; /* whoever sends this is not GitHub */
	return is_said ? HOOK_POST : HOOK_NOTHING;
}
