/* The owner of a webhook in memory, held: what the owner is a member of is known there (user_member_of()). */
#include "chat/user.h"
#include "delivery/delivery_state.h"

static bool take(struct delivery_worker *w)
{
	struct user *u = user_by_no(w->deliveries->chat, w->owner_no);
	if (u && !w->owner) {
		user_hold(u);
		w->owner = u;
	}
	return w->owner != NULL;
}

bool delivery_owner_find(struct delivery_worker *w)
{
	struct chat *c = w->deliveries->chat;
	if (take(w))
		return true;
	struct store_sign_in *op = mem_new(struct store_sign_in);
	op->user_no = w->owner_no;
	w->n_unloads = chat_n_unloads(c);
	w->n_changes = c->n_changes;
	(void)delivery_submit(w, op, STORE_SIGN_IN);
	return false;
}

/* What may be old is asked for again, as when somebody signs in. */
void delivery_owner_found(struct delivery_worker *w, const struct store_sign_in *op)
{
	struct chat *c = w->deliveries->chat;
	bool may_be_old = c->changed_at[w->owner_no % CHANGE_SLOTS] > w->n_changes || w->n_unloads != chat_n_unloads(c) ||
			  user_rooms_are_old(c, op->memberships, op->n_memberships, w->n_changes);
	if (!take(w) && !may_be_old) {
		(void)user_load(c, &op->user, op->memberships, op->n_memberships);
		(void)take(w);
	}
}
