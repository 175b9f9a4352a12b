/*
 * Who hears the words that messages begin with. The hooks of a room that ask are known for ASK_WORDS_KNOWN_MS, after which the next message has the store asked for them again: so
 * what another instance did to them is known here that much later. Messages wait meanwhile, HEARD_MAX of a room at most; their senders were answered before.
 *
 * A hook that was deleted is never asked: STORE_ASK_OPEN looks again.
 */
#include "ask/ask_answer.h"
#include "chat/rate.h"
#include "codec/text_fold.h"
#include "store/person.h"

#include <stdlib.h>
#include <string.h>

enum { ASK_WORDS_KNOWN_MS = 5000, HEARD_MAX = 64, CLEARED_AT_ONCE = 4 };

struct ask_room {
	struct list link; /* asks.rooms */
	struct asks *asks;
	uint64_t room_no, known_until_ms;
	char epoch[STORE_EPOCH_BYTES + 1];
	struct store_hook_list hooks;
	bool is_reading, is_stale; /* is_stale: they have changed since they were asked for */
	struct list heard;         /* heard.link, while is_reading */
	size_t n_heard;
};

struct heard {
	struct list link;
	struct event *event; /* a copy */
	uint64_t hops;
};

/* ---- one message ---- */

struct said {
	struct store_user author; /* its name points into the JSON */
	struct text text;
	struct buf first, bare; /* its first word, folded; and without a : or , at its end */
};

static bool read_kind(const char *word, enum user_kind *out)
{
	for (unsigned kind = USER_PERSON; kind <= USER_HOOK; kind++) {
		if (word && strcmp(person_kind((enum user_kind)kind), word) == 0) {
			*out = (enum user_kind)kind;
			return true;
		}
	}
	return false;
}

static void fold_first(struct said *said)
{
	static const char white[] = " \t\n";
	size_t from = strspn(said->text.s, white), n = strcspn(said->text.s + from, white);
	const char *word = said->text.s + from;
	bool is_folded = text_fold(word, n, TEXT_FORM_KEY, &said->first);
	if (is_folded && n > 1 && strchr(":,", word[n - 1]))
		is_folded = text_fold(word, n - 1, TEXT_FORM_KEY, &said->bare);
	if (!is_folded) {
		buf_clear(&said->first);
		buf_clear(&said->bare);
	}
}

static bool read_said(const json_t *root, struct said *out)
{
	const json_t *data = json_object_get(root, "data"), *author = json_object_get(data, "author");
	const char *id = json_string_value(json_object_get(author, "id"));
	out->author.name = (char *)(uintptr_t)json_string_value(json_object_get(author, "name"));
	const json_t *text = json_object_get(data, "text");
	out->text = (struct text){json_string_value(text), json_string_length(text)};
	if (!out->text.s || !out->author.name || !id || !uid_parse(id, strlen(id), &out->author.id) ||
	    !read_kind(json_string_value(json_object_get(author, "kind")), &out->author.kind))
		return false;
	fold_first(out);
	return out->first.len > 0;
}

static bool is_same(const struct buf *folded, const struct buf *word)
{
	return folded->len == word->len && memcmp(folded->data, word->data, word->len) == 0;
}

/* The word of the hook's that the message begins with. False: none. */
static bool find_word(const struct store_hook *hook, const struct said *said, struct text *out)
{
	const char *at = hook->ask.words;
	while (at && *at) {
		auto_buf folded = BUF_INIT;
		size_t n = strcspn(at, " ");
		*out = (struct text){at, n};
		if (text_fold(at, n, TEXT_FORM_KEY, &folded) && folded.len > 0 &&
		    (is_same(&folded, &said->first) || (said->bare.len > 0 && is_same(&folded, &said->bare))))
			return true;
		at += n;
		at += *at == ' ';
	}
	return false;
}

static bool may_hear(const struct store_hook *hook, const struct event *e, const struct said *said)
{
	return said->author.kind != USER_HOOK || (hook->ask.hears_hooks && hook->account.no != e->author_no);
}

static bool begin(struct asks *a, const struct ask_answer *to, const struct event *e, const struct said *said, struct text word)
{
	if (rate_ask(a->chat, &e->room, &said->author.id))
		return false;
	struct ask *ask = ask_new(a, &to->at, to->hook, &said->author);
	ask->asker.no = e->author_no;
	ask->hops = to->hops;
	ask->message_id = e->id;
	ask->word = mem_strndup(word.s, word.n);
	buf_append(&ask->text, said->text.s, said->text.n);
	return ask_begin(ask);
}

static void hear(struct ask_room *r, const struct event *e, uint64_t hops)
{
	size_t n_json, n_asked = 0;
	const uint8_t *bytes = event_json(e, &n_json);
	struct said said = {.first = BUF_INIT};
	struct text word;
	if (r->hooks.n_hooks == 0)
		return;
	json_auto_t *root = json_loadb((const char *)bytes, n_json, 0, NULL);
	bool is_read = read_said(root, &said);
	for (size_t i = 0; is_read && i < r->hooks.n_hooks && n_asked < ASKS_OF_MESSAGE_MAX; i++) {
		const struct store_hook *hook = &r->hooks.hooks[i];
		if (!may_hear(hook, e, &said) || !find_word(hook, &said, &word))
			continue;
		const struct ask_answer to = {.at = {r->room_no, e->room},
					      .hook = &hook->account,
					      .asker_no = e->author_no,
					      .asker_is_hook = said.author.kind == USER_HOOK,
					      .hops = hops};
		n_asked++;
		if (!begin(r->asks, &to, e, &said, word))
			ask_answer_fault(r->asks, &to, "was not asked: too much is being asked.");
	}
	buf_finish(&said.first);
	buf_finish(&said.bare);
}

/* ---- which hooks ---- */

static void drop_heard(struct ask_room *r)
{
	list_for_each_safe(it, &r->heard) {
		struct heard *h = list_entry(it, struct heard, link);
		list_remove(&h->link);
		event_free(h->event);
		free(h);
	}
	r->n_heard = 0;
}

static void room_free(struct ask_room *r)
{
	uint8_t key[16];
	id_map_key_of_no(r->room_no, key);
	id_map_remove(&r->asks->rooms_by_no, key);
	list_remove(&r->link);
	drop_heard(r);
	store_op_finish(&r->hooks.op);
	free(r);
}

static bool is_known(const struct ask_room *r)
{
	const struct chat *c = r->asks->chat;
	return loop_now_ms(c->loop) < r->known_until_ms && strcmp(r->epoch, c->epoch) == 0;
}

static void read_hooks(struct ask_room *r);

static void hooks_read(struct store_op *op)
{
	struct ask_room *r = op->arg;
	struct chat *c = r->asks->chat;
	c->n_pending--;
	r->is_reading = false;
	if (op->result == 0 && (r->is_stale || strcmp(r->epoch, c->epoch) != 0) && r->n_heard) {
		read_hooks(r);
		return;
	}
	r->known_until_ms = op->result == 0 && !r->is_stale ? loop_now_ms(c->loop) + ASK_WORDS_KNOWN_MS : 0;
	list_for_each_safe(it, &r->heard) {
		const struct heard *h = list_entry(it, struct heard, link);
		if (op->result == 0)
			hear(r, h->event, h->hops);
	}
	drop_heard(r);
}

static void read_hooks(struct ask_room *r)
{
	struct chat *c = r->asks->chat;
	store_op_finish(&r->hooks.op);
	r->hooks = (struct store_hook_list){
		.op = {.kind = STORE_HOOK_LIST, .done = hooks_read, .arg = r}, .room_no = r->room_no, .that_ask = true};
	memcpy(r->epoch, c->epoch, sizeof(r->epoch));
	r->is_stale = false;
	list_remove(&r->link);
	list_append(&r->asks->rooms, &r->link);
	if (c->store->methods->submit(c->store, &r->hooks.op) != 0) {
		r->known_until_ms = 0;
		drop_heard(r);
		return;
	}
	r->is_reading = true;
	c->n_pending++;
}

/* Rooms in which nothing was said for a while are forgotten. */
static void clear_some(struct asks *a)
{
	for (int i = 0; i < CLEARED_AT_ONCE && !list_empty(&a->rooms); i++) {
		struct ask_room *oldest = list_entry(a->rooms.next, struct ask_room, link);
		if (oldest->is_reading || is_known(oldest))
			return;
		room_free(oldest);
	}
}

static struct ask_room *room_of(struct asks *a, uint64_t room_no)
{
	uint8_t key[16];
	id_map_key_of_no(room_no, key);
	struct ask_room *r = id_map_get(&a->rooms_by_no, key);
	if (r)
		return r;
	clear_some(a);
	r = mem_new(struct ask_room);
	list_init(&r->link);
	list_init(&r->heard);
	r->asks = a;
	r->room_no = room_no;
	r->hooks.op.kind = STORE_HOOK_LIST;
	id_map_put(&a->rooms_by_no, key, r);
	return r;
}

static void wait_for_hooks(struct ask_room *r, const struct event *e, uint64_t hops)
{
	size_t n;
	const uint8_t *json = event_json(e, &n);
	if (r->n_heard == HEARD_MAX)
		return;
	struct heard *h = mem_new(struct heard);
	list_init(&h->link);
	h->event = event_of(e, json, n);
	h->hops = hops;
	list_append(&r->heard, &h->link);
	r->n_heard++;
}

void ask_words_heard(struct asker *asker, const struct event *e, uint64_t hops)
{
	struct asks *a = asks_of(asker);
	if (a->is_ended || hops > ASK_HOPS_MAX)
		return;
	struct ask_room *r = room_of(a, e->room_no);
	if (!r->is_reading && is_known(r)) {
		hear(r, e, hops);
		return;
	}
	wait_for_hooks(r, e, hops);
	if (!r->is_reading)
		read_hooks(r);
}

void ask_words_changed(struct asker *asker, uint64_t room_no)
{
	uint8_t key[16];
	id_map_key_of_no(room_no, key);
	struct ask_room *r = id_map_get(&asks_of(asker)->rooms_by_no, key);
	if (!r)
		return;
	r->known_until_ms = 0;
	r->is_stale = true;
}

void ask_words_finish(struct asks *a)
{
	list_for_each_safe(it, &a->rooms)
		room_free(list_entry(it, struct ask_room, link));
	id_map_finish(&a->rooms_by_no);
}
