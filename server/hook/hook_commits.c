#include "hook/hook_commits.h"

#include "hook/hook_text.h"
#include "hook/hook_value.h"

#include <string.h>

enum { COMMITS_SHOWN = 5, ID_BYTES_SHOWN = 7 };

struct text hook_ref_name(struct text ref)
{
	static const char *const folders[] = {"refs/heads/", "refs/tags/"};

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		size_t n = strlen(folders[i]);

		if (ref.n > n && memcmp(ref.s, folders[i], n) == 0)
			return (struct text){.s = ref.s + n, .n = ref.n - n};
	}
	return ref;
}

size_t hook_commits_count(struct buf *out, const json_t *commits, json_int_t n_total)
{
	size_t n_listed = json_array_size(commits);
	size_t n = n_total > 0 && (size_t)n_total > n_listed ? (size_t)n_total : n_listed;

	buf_appendf(out, "%zu commit%s", n, n == 1 ? "" : "s");
	return n;
}

static struct text first_line(struct text message)
{
	const char *end;

	message = hook_text_trimmed(message);
	end = memchr(message.s, '\n', message.n);
	return (struct text){.s = message.s, .n = end ? (size_t)(end - message.s) : message.n};
}

static void append_commit(struct buf *out, const json_t *commit)
{
	struct text id = hook_value_string(commit, "id"), author = hook_value_string(commit, "author.name");

	id.n = hook_text_cut(id.s, id.n, ID_BYTES_SHOWN);
	buf_append_str(out, "\n• ");
	hook_text_code(out, id);
	buf_append_byte(out, ' ');
	hook_text_line(out, first_line(hook_value_string(commit, "message")));
	if (author.n > 0) {
		buf_append_str(out, " (");
		hook_text_line(out, author);
		buf_append_byte(out, ')');
	}
}

void hook_commits_list(struct buf *out, const json_t *commits, size_t n_total)
{
	size_t n_listed = json_array_size(commits), n_shown = n_listed < COMMITS_SHOWN ? n_listed : COMMITS_SHOWN;

	for (size_t i = n_listed - n_shown; i < n_listed; i++)
		append_commit(out, json_array_get(commits, i));
	if (n_total > n_shown)
		buf_appendf(out, "\n• and %zu more", n_total - n_shown);
}
