/*
 * Commands that people type: "/topic Come in". They come as `command.run`, and never as a message: `message.send` sends "/etc/passwd" as it is. The client decides
 * which of the two it asks for, because only the client knows whether a person typed the text. The field does the same: Mattermost (commands/execute beside posts),
 * Rocket.Chat (commands.run beside chat.postMessage) and Slack (chat.postMessage runs no command) keep the two apart, so no bot loses a message, and nobody runs a
 * command by quoting one.
 *
 * A typed command is one constant row, and mostly stands for a command of the protocol. It writes the data of that command, which is then checked, allowed
 * and answered as if the client had sent it (call_leave_to()). So a typed command has no rights and no limits of its own.
 *
 * Names have one order: built-in ones first (typed_at()), then those of the room's hooks, which the store knows (typed_service.c). No hook has a built-in name when it is made;
 * what a later version builds in goes before.
 *
 * Loop thread only. Answers go to the call.
 */
#ifndef PARLEY_COMMAND_TYPED_TYPED_H
#define PARLEY_COMMAND_TYPED_TYPED_H

#include "command/dispatch.h"

enum { TYPED_NAME_BYTES = 32 };

enum typed_rest { TYPED_ALONE, TYPED_MAY_HAVE_REST, TYPED_NEEDS_REST };

struct typed_command {
	const char *name;        /* of a-z, 0-9, '-' and '_'; begins with a letter; at most TYPED_NAME_BYTES */
	const char *usage;       /* "/topic [TEXT]" */
	const char *description; /* a sentence without a full stop */
	enum typed_rest takes;
	/* Answers the call, or leaves that to what it stands for. `rest` is what was typed behind the name, without white space around it; it points into the request. */
	void (*run)(const struct typed_command *self, struct call *call, struct text rest);
};

extern const struct typed_command typed_invite, typed_leave, typed_me, typed_rename, typed_shrug, typed_topic;

/* ---- which there are (typed_table.c) ---- */

/* The command at a place of the order, counted from 0; NULL behind the last. Everything that looks for commands goes through this. */
const struct typed_command *typed_at(size_t i);
/* NULL: there is none of this name. */
const struct typed_command *typed_find(const char *name);

/* The command of a hook; NULL: it has none that can be typed, as one that is built in by now. */
const char *typed_name_of(const struct store_hook *hook);

/* The name that was probably meant by one that does not exist: of each that may be, in any order. */
struct typed_guess {
	const char *meant, *best; /* best NULL: none so far */
	size_t best_steps;
};
void typed_guess_begin(struct typed_guess *g, const char *meant);
void typed_guess_try(struct typed_guess *g, const char *name);

/* ---- of hooks (typed_service.c) ---- */

/* Asks the service whose command this is in the call's room; answers in any case. */
void typed_run_service(struct call *call);
/* In command.list: appends those among these hooks. */
void typed_list_services(struct buf *b, const struct store_hook_list *hooks);
/* How they are shown (typed_show.c). */
void typed_show_usage(struct buf *b, const struct store_hook_ask *ask);
void typed_show_description(struct buf *b, const struct store_hook *hook);

/* ---- what was typed (typed_line.c) ---- */

struct typed_line {
	char name[TYPED_NAME_BYTES + 1]; /* in small letters */
	struct text rest;                /* points into what was read; n is 0 when nothing follows */
};

/* False: it is no command, that is a slash and a name, which white space or the end follows. */
bool typed_read(struct text typed, struct typed_line *out);

/* ---- what a command does (typed_act.c) ---- */

/* The data of what it stands for: typed_begin(), any number of typed_add(), typed_become(). */
void typed_begin(struct buf *data, const struct call *call);
void typed_add(struct buf *data, const char *member, struct text value);
void typed_become(struct call *call, enum command command, struct buf *data);
/* Sends a message: style NULL, or as `message.send` takes it. It has the client_id and reply_to of the call. */
void typed_send(struct call *call, struct text text, const char *style);
/* Says something to the caller alone, and answers. */
void typed_say(const struct typed_command *self, struct call *call, const struct buf *text);
/* The same without an answer. */
void typed_tell(const struct typed_command *self, const struct member *m, const struct buf *text);

#endif
