#include "bus/redis/redis_outgoing.h"

#include "base/memory.h"

#include <stdlib.h>

struct outgoing {
	struct list link; /* redis_outgoing.messages */
	uint64_t channel;
	struct buf message;
};

void redis_outgoing_init(struct redis_outgoing *o)
{
	*o = (struct redis_outgoing){0};
	list_init(&o->messages);
}

static void drop(void *arg, uint64_t channel, const void *bytes, size_t n)
{
	(void)arg, (void)channel, (void)bytes, (void)n;
}

void redis_outgoing_finish(struct redis_outgoing *o)
{
	redis_outgoing_send(o, drop, NULL);
	id_map_finish(&o->channels);
}

void redis_outgoing_add(struct redis_outgoing *o, const uint8_t sender[BUS_INSTANCE_BYTES], uint64_t channel, enum bus_kind kind,
			const void *bytes, size_t n)
{
	uint8_t key[16];
	id_map_key_of_no(channel, key);
	struct outgoing *m = id_map_get(&o->channels, key);
	if (!m || m->message.len + BUS_RECORD_HEAD_BYTES + n > BUS_JOINED_BYTES_MAX) {
		m = mem_new(struct outgoing);
		m->channel = channel;
		buf_reserve(&m->message, BUS_MESSAGE_HEAD_BYTES + BUS_RECORD_HEAD_BYTES + n);
		bus_message_begin(&m->message, sender);
		list_append(&o->messages, &m->link);
		id_map_put(&o->channels, key, m);
	}
	bus_message_add(&m->message, kind, bytes, n);
	o->n_bytes += n;
}

void redis_outgoing_send(struct redis_outgoing *o, void (*send)(void *arg, uint64_t channel, const void *bytes, size_t n), void *arg)
{
	list_for_each_safe(it, &o->messages) {
		struct outgoing *m = list_entry(it, struct outgoing, link);
		list_remove(it);
		send(arg, m->channel, m->message.data, m->message.len);
		buf_finish(&m->message);
		free(m);
	}
	id_map_clear(&o->channels);
	o->n_bytes = 0;
}
