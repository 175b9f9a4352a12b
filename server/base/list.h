/*
 * Intrusive doubly linked lists. A list head is a struct list whose two links point at itself when empty.
 * Comments pair a list's head with the link that hangs in it. Not thread-safe.
 */
#ifndef PARLEY_BASE_LIST_H
#define PARLEY_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

/* clang-format off */
#define list_entry(link, type, member) ((type *)(void *)((char *)(link) - offsetof(type, member)))
/* clang-format on */
#define list_for_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
/* The body may remove `it`, and no other link. */
#define list_for_each_safe(it, head) \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); it = it##_next, it##_next = it->next)

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_insert_before(struct list *at, struct list *link)
{
	link->prev = at->prev;
	link->next = at;
	at->prev->next = link;
	at->prev = link;
}
static inline void list_append(struct list *head, struct list *link)
{
	list_insert_before(head, link);
}
/* Takes the link out and makes it an empty list. Removing it once more is harmless. */
static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}
/* Moves everything in `from` to the end of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#endif
