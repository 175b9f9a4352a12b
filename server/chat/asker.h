/*
 * How the chat and its commands reach the services that hooks ask (server/ask/ask.h). Owner: whoever made it, which takes it out of chat.asker before it goes. Loop thread only.
 */
#ifndef PARLEY_CHAT_ASKER_H
#define PARLEY_CHAT_ASKER_H

#include "codec/buf.h"
#include "store/store.h"

#include <jansson.h>

enum { ASKER_FAULT_BYTES = 160 };

/* `asks` of a new hook, as it was read; asker_given_finish(). A buffer that is empty: it has none. */
struct asker_given {
	struct buf url, command, words, headers, ca, hint, description; /* as store_ask_given has them */
	bool hears_hooks;
};

/* A command of a hook that somebody typed. */
struct asker_command {
	uint64_t room_no, asker_no;
	struct uid room, asker;
	const char *asker_name;
	const struct store_hook *hook; /* of that room, as STORE_HOOK_LIST gave it */
	struct text text;              /* what was typed behind the name */
};

struct asker {
	const struct asker_methods {
		/* A message is durable, of a room whose number it has. hops: op_ask.h. It costs next to nothing where no hook of the room hears words. */
		void (*heard)(struct asker *a, const struct event *e, uint64_t hops);
		/* Asks, and answers the asker alone when that fails. False: too much is being asked already. */
		bool (*run)(struct asker *a, const struct asker_command *command);
		/* False with `fault`: it is not what a hook can ask. */
		bool (*read)(const struct asker *a, const json_t *asks, struct asker_given *out, char fault[ASKER_FAULT_BYTES]);
		/* The hooks of a room have changed here. */
		void (*changed)(struct asker *a, uint64_t room_no);
	} * methods;
};

static inline void asker_given_finish(struct asker_given *g)
{
	struct buf *const all[] = {&g->url, &g->command, &g->words, &g->headers, &g->ca, &g->hint, &g->description};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_finish(all[i]);
}

/* Nothing where nobody asks, or e is NULL: it was not stored, or is an earlier one. */
static inline void asker_heard(struct asker *a, const struct event *e, uint64_t hops)
{
	if (a && e)
		a->methods->heard(a, e, hops);
}
static inline void asker_changed(struct asker *a, uint64_t room_no)
{
	if (a)
		a->methods->changed(a, room_no);
}

#endif
