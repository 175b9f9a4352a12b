#include "chat/owner_link.h"

const char *chat_owner_code(const struct chat *c)
{
	return c->owner_link.code[0] ? c->owner_link.code : NULL;
}

void owner_link_begin(struct chat *c)
{
	if (c->store->has_owner)
		return;
	secret_token(c->owner_link.code);
	secret_token_hash(c->owner_link.code, SECRET_TOKEN_CHARS, c->owner_link.hash);
}

static void stored(struct store_op *op)
{
	struct chat *c = op->arg;
	struct owner_link *link = &c->owner_link;
	c->n_pending--;
	link->asking = false;
	link->is_stored = op->result == 0 && !link->op.ends;
}

static void submit(struct chat *c, bool ends)
{
	struct owner_link *link = &c->owner_link;
	link->op = (struct store_owner_link){.op = {.kind = STORE_OWNER_LINK, .done = stored, .arg = c}, .ends = ends};
	memcpy(link->op.hash, link->hash, sizeof(link->op.hash));
	link->asking = c->store->methods->submit(c->store, &link->op.op) == 0;
	c->n_pending += link->asking;
}

void owner_link_step(struct chat *c)
{
	const struct owner_link *link = &c->owner_link;
	if (link->code[0] && c->store->is_shared && !c->store->is_away && !link->is_stored && !link->asking)
		submit(c, false);
}

void owner_link_restored(struct chat *c)
{
	c->owner_link.is_stored = false;
	if (c->store->has_owner)
		owner_link_void(c);
}

void owner_link_void(struct chat *c)
{
	secret_wipe(c->owner_link.code, sizeof(c->owner_link.code));
}

void owner_link_end(struct chat *c)
{
	const struct owner_link *link = &c->owner_link;
	if (link->is_stored && !link->asking)
		submit(c, true);
}

enum owner_link_answer owner_link_is(const struct chat *c, struct text code)
{
	if (!c->owner_link.code[0] || code.n != SECRET_TOKEN_CHARS)
		return OWNER_LINK_WRONG;
	if (secret_equal(code.s, c->owner_link.code, SECRET_TOKEN_CHARS))
		return OWNER_LINK_OURS;
	return c->store->is_shared ? OWNER_LINK_ANOTHERS : OWNER_LINK_WRONG;
}
