/* What the callers of a store have to free: the same for every store. */
#include "store/store.h"

#include <stdlib.h>

void store_user_finish(struct store_user *u)
{
	free(u->name);
	u->name = NULL;
}

void store_room_finish(struct store_room *r)
{
	free(r->name);
	free(r->topic);
	r->name = r->topic = NULL;
}

void store_join_finish(struct store_join *j)
{
	store_user_finish(&j->user);
	store_room_finish(&j->membership.room);
}

void store_guests_end_finish(struct store_guests_end *g)
{
	for (size_t i = 0; i < g->n_ended; i++) {
		event_free(g->ended[i].leave.event);
		event_free(g->ended[i].leave.passed_event);
	}
	free(g->ended);
	g->ended = NULL;
	g->n_ended = 0;
}

void store_sign_in_finish(struct store_sign_in *s)
{
	store_user_finish(&s->user);
	for (size_t i = 0; i < s->n_memberships; i++)
		store_room_finish(&s->memberships[i].room);
	free(s->memberships);
	s->memberships = NULL;
	s->n_memberships = 0;
}

void store_room_page_finish(struct store_room_page *p)
{
	for (size_t i = 0; i < p->n_rooms; i++)
		store_room_finish(&p->rooms[i]);
	free(p->rooms);
	free(p->is_member);
	p->rooms = NULL;
	p->is_member = NULL;
	p->n_rooms = 0;
}

void store_member_page_finish(struct store_member_page *p)
{
	for (size_t i = 0; i < p->n_users; i++)
		store_user_finish(&p->users[i]);
	free(p->users);
	free(p->roles);
	p->users = NULL;
	p->roles = NULL;
	p->n_users = 0;
}

void store_log_page_finish(struct store_log_page *p)
{
	for (size_t i = 0; i < p->n_events; i++)
		event_free(p->events[i]);
	free(p->events);
	p->events = NULL;
	p->n_events = 0;
}
