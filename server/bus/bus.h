/*
 * What is asked of a bus: the way on which instances of one database tell each other at once what they did. A bus is a hint (promise 6): what it loses, doubles or
 * delays, the store knows, and each instance compares itself with the store once a second (chat/follow.h).
 *
 * A channel is a number: a room's number (the server's own log is one of the rooms, store/notices.h), or BUS_EVERYBODY, which every instance hears from the moment
 * the bus is begun. Channels of different databases, and of different epochs of one database, never meet.
 *
 * An instance does not hear itself. What one instance publishes on one channel arrives in that order; what several publish may arrive in any order.
 *
 * Owner: app. Loop thread only. Calls of the listener come from the loop, never from within a call of the bus.
 */
#ifndef PARLEY_BUS_BUS_H
#define PARLEY_BUS_BUS_H

#include <stddef.h>
#include <stdint.h>

#define BUS_EVERYBODY UINT64_C(0)

/* Sent between instances, of different versions, too: never renumber. A receiver passes over a kind that it does not know. */
enum bus_kind {
	BUS_ALIVE = 1,  /* the bus's own: its probe, and the instance's lease (instances.h) */
	BUS_EVENT = 2,  /* an event as event_pack() packs it, on its room's channel */
	BUS_NOTICE = 3, /* on the channel of the server's log: u64 seq of the last notice, then packed notices (store/user_notice.h) */
	BUS_SIGNAL = 4, /* an event that is not stored (typing, a signal), packed in the same way, on its room's channel */
	BUS_TAKEN = 5,  /* what a rate counted elsewhere (chat/rate.h), to everybody */
	BUS_TOP = 6,    /* u64 seq: the room of this channel has come to it with an event that is too large for the bus */
	BUS_ASIDE = 7,  /* an event that is not stored, for its author alone, packed in the same way, on its room's channel */
};

enum bus_state {
	BUS_NONE,     /* there is no bus: one instance, or several that meet in the store alone */
	BUS_DEGRADED, /* it is away, or its probe does not come back: events of other instances take up to a second */
	BUS_WHOLE,
};

/* The most bytes of one message. What is larger is not published: the store has it. */
enum { BUS_MESSAGE_BYTES_MAX = 1 << 20 };

struct bus_listener {
	/* The bytes are valid during the call. kind may be one of a later version. */
	void (*arrived)(void *arg, uint64_t channel, enum bus_kind kind, const uint8_t *bytes, size_t n);
	/* From now on these channels are heard. What was published on them before may be missed: ask the store how far they are. */
	void (*hears)(void *arg, const uint64_t *channels, size_t n);
	/* state or why changed. */
	void (*changed)(void *arg);
	void *arg;
};

struct bus {
	const struct bus_methods *methods;
	enum bus_state state;
	const char *why;    /* BUS_DEGRADED: in words for an operator, without a secret; valid until the next change */
	size_t n_instances; /* that are alive, this one included (instances.h) */
	struct bus_listener listener;
};

struct bus_methods {
	/* Whom to call, and the store's epoch (STORE_EPOCH_BYTES characters): called once before all others, and again when the store has another epoch; then all
	 * channels are let go. */
	void (*begin)(struct bus *b, const char *epoch, const struct bus_listener *listener);
	void (*follow)(struct bus *b, uint64_t channel);
	void (*unfollow)(struct bus *b, uint64_t channel);
	/* Copies the bytes; they leave at the end of the turn, together with others. While the bus is away they are dropped. */
	void (*publish)(struct bus *b, uint64_t channel, enum bus_kind kind, const void *bytes, size_t n);
	/* The instance leaves: the others forget it at once. Nothing is published afterwards. */
	void (*leave)(struct bus *b);
	void (*destroy)(struct bus *b);
};

#endif
