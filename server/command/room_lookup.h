/*
 * Finds the room that a request names by id or by name, and what the caller is in it.
 *
 * Where others write to the store too, memory may be behind what another server acknowledged to this client a moment ago: a balancer may send each request to another one. So whatever
 * is told or refused because of a room comes after one question to the store: which room it is, how far it is, and what the caller is in it and on the server. The answer
 * goes on when the room has come as far. Where nobody else writes, memory is right, and nothing is asked.
 */
#ifndef PARLEY_COMMAND_ROOM_LOOKUP_H
#define PARLEY_COMMAND_ROOM_LOOKUP_H

#include "command/wait_store.h"

/* `data.room` of a command that has one: it is the first member of each such structure. */
static inline const struct room_ref *room_ref_of(const struct request *r)
{
	return &r->data.room_get.room;
}

/* NULL when not a member, or just leaving (all rooms of a user in memory are in memory). */
struct member *room_lookup_member(struct user *u, const struct room_ref *ref);
/* Finds a room, in memory or in the store, then calls then(). room is NULL when there is none, or when it is a private one of others; the operator and the
 * server's owner find all. Both of these cases ask the store, whatever is in memory, so neither the time nor the order of the answers tells them apart. The wait
 * holds the room; then() answers, or goes on (wait_next()). When the store cannot be asked, that was answered and then() is not called. A command that needs a member and asks here
 * holds its session's reading, so that what comes behind it stays behind it. */
void room_lookup(struct call *call, void (*then)(struct wait *w, struct room *r));
/* In then(): whether the caller may change the room, as its owner or the server's. Answers if not. */
bool room_lookup_rules(struct wait *w, struct room *r);
/* Answers that the caller is not a member: `forbidden` for a public room, `not_found` for a private one and for none, so that nobody can tell these apart. */
void room_lookup_refuse(struct wait *w, struct room *r);

#endif
