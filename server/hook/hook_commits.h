/* A push, as GitHub, Gitea, Forgejo and GitLab tell of it: their commits have the same members. Pure; any thread. */
#ifndef PARLEY_HOOK_HOOK_COMMITS_H
#define PARLEY_HOOK_HOOK_COMMITS_H

#include "codec/buf.h"
#include "codec/request_decode.h"

#include <jansson.h>

/* What a ref names: the branch or tag. */
struct text hook_ref_name(struct text ref);
/* Appends "3 commits" or "1 commit". n_total is what the sender counts, which may be more than it lists; 0: it does not count. Returns how many there are. */
size_t hook_commits_count(struct buf *out, const json_t *commits, json_int_t n_total);
/* Appends a line for each of the newest of them, and how many more there are. */
void hook_commits_list(struct buf *out, const json_t *commits, size_t n_total);

#endif
