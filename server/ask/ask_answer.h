/*
 * Where answers go: into the room as messages of the hook, or to the asker alone. Loop thread only.
 */
#ifndef PARLEY_ASK_ASK_ANSWER_H
#define PARLEY_ASK_ASK_ANSWER_H

#include "ask/ask_state.h"
#include "hook/adapter.h"

/* What is answered. It has to live for the call alone. */
struct ask_answer {
	struct across_place at;
	const struct store_user *hook;
	uint64_t asker_no;
	bool asker_is_hook;
	uint64_t hops;       /* of the question */
	const char *command; /* NULL: it was a word */
};

/* Tells the asker alone, unless that is a hook. */
void ask_answer_aside(struct asks *a, const struct ask_answer *to, const struct buf *text);
/* Tells the asker that the hook was not asked, or did not answer: the end of a sentence that begins with the hook's name. */
void ask_answer_fault(struct asks *a, const struct ask_answer *to, const char *fault);
/* Posts it as a message of the hook, then calls done(arg, result) unless it is NULL; also at once, where the store takes nothing. */
void ask_answer_post(struct asks *a, const struct ask_answer *to, struct hook_post *said, void (*done)(void *arg, int result), void *arg);

#endif
