#include "chat/user.h"
#include "command/typed/typed.h"
#include "command/wait_store.h"

#include <string.h>

enum { GUESS_STEPS_MAX = 2 };

static const struct typed_command typed_help;

static void help_hooks(struct buf *text, const struct store_hook_list *hooks)
{
	for (size_t i = 0; i < hooks->n_hooks; i++) {
		if (!typed_name_of(&hooks->hooks[i]))
			continue;
		buf_append_str(text, "\n`");
		typed_show_usage(text, &hooks->hooks[i].ask);
		buf_append_str(text, "` – ");
		typed_show_description(text, &hooks->hooks[i]);
	}
}

static void hooks_read(struct wait *w)
{
	const struct typed_command *c;
	const struct member *m = user_member_of(w->user, w->room);
	auto_buf text = BUF_INIT;
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	for (size_t i = 0; (c = typed_at(i)) != NULL; i++)
		buf_appendf(&text, "%s`%s` – %s", i ? "\n" : "", c->usage, c->description);
	help_hooks(&text, w->op);
	if (m)
		typed_tell(&typed_help, m, &text);
	answer_ok(&w->answer, NULL);
}

static void help(const struct typed_command *self, struct call *call, struct text rest)
{
	(void)self, (void)rest;
	struct store_hook_list *op = wait_store(call, STORE_HOOK_LIST, hooks_read);
	op->room_no = call->member->room->no;
	op->that_ask = true;
	wait_go(op);
}

/* It has no file of its own, because it is about this one. */
static const struct typed_command typed_help = {"help", "/help", "Shows what can be typed here", TYPED_ALONE, help};

/* By name. */
static const struct typed_command *const built_in[] = {
	&typed_help, &typed_invite, &typed_leave, &typed_me, &typed_rename, &typed_shrug, &typed_topic,
};

const struct typed_command *typed_at(size_t i)
{
	return i < sizeof(built_in) / sizeof(built_in[0]) ? built_in[i] : NULL;
}

const struct typed_command *typed_find(const char *name)
{
	const struct typed_command *c;
	for (size_t i = 0; (c = typed_at(i)) != NULL; i++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

const char *typed_name_of(const struct store_hook *hook)
{
	const char *name = hook->ask.command;
	return name && strlen(name) <= TYPED_NAME_BYTES && !typed_find(name) ? name : NULL;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters have to be added, left out, changed or swapped with their neighbour to make b of a (optimal string alignment). Both have at most TYPED_NAME_BYTES. */
static size_t steps_between(const char *a, const char *b)
{
	size_t rows[TYPED_NAME_BYTES + 1][TYPED_NAME_BYTES + 1];
	size_t n_a = strlen(a), n_b = strlen(b);
	for (size_t i = 0; i <= n_a; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= n_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		for (size_t j = 1; j <= n_b; j++) {
			size_t n = least(rows[i - 1][j], rows[i][j - 1]) + 1;
			n = least(n, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				n = least(n, rows[i - 2][j - 2] + 1);
			rows[i][j] = n;
		}
	}
	return rows[n_a][n_b];
}

/* The start of a name is meant to be that name. Of a short name only a part may be wrong: "/x" is no slip for "/me". */
void typed_guess_begin(struct typed_guess *g, const char *meant)
{
	*g = (struct typed_guess){.meant = meant, .best_steps = least(GUESS_STEPS_MAX, strlen(meant) / 2) + 1};
}

void typed_guess_try(struct typed_guess *g, const char *name)
{
	size_t steps = strncmp(name, g->meant, strlen(g->meant)) == 0 ? 0 : steps_between(g->meant, name);
	if (steps >= g->best_steps)
		return;
	g->best = name;
	g->best_steps = steps;
}
