#include "bus/redis/redis_reply.h"

#include "base/memory.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 << 10, UNUSED_BYTES_MAX = 128 << 10 };

struct block {
	struct block *next;
	size_t n_used, n_bytes;
	max_align_t bytes[];
};

struct redis_reader {
	redisReader *parser;
	redisReplyObjectFunctions functions;
	struct block *blocks; /* the one that is filled comes first; the last is kept */
	size_t n_objects, n_bytes;
	size_t n_waiting; /* bytes fed since the last whole reply */
};

static void *take(struct redis_reader *r, size_t n)
{
	n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	struct block *b = r->blocks;
	if (b->n_bytes - b->n_used < n) {
		size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
		b = mem_alloc(sizeof(*b) + size);
		*b = (struct block){.next = r->blocks, .n_bytes = size};
		r->blocks = b;
	}
	void *taken = (char *)b->bytes + b->n_used;
	b->n_used += n;
	return taken;
}

static void forget(struct redis_reader *r)
{
	while (r->blocks->next) {
		struct block *b = r->blocks;
		r->blocks = b->next;
		free(b);
	}
	r->blocks->n_used = 0;
	r->n_objects = r->n_bytes = 0;
}

/* NULL makes the parser end with a fault. */
static struct redis_reply *add(const redisReadTask *task, enum redis_reply_kind kind, size_t n_bytes)
{
	struct redis_reader *r = task->privdata;
	if (n_bytes > REDIS_REPLY_BYTES_MAX - r->n_bytes)
		return NULL;
	r->n_bytes += n_bytes;
	struct redis_reply *made = take(r, sizeof(*made));
	*made = (struct redis_reply){.kind = kind, .text = ""};
	if (task->parent) {
		struct redis_reply *parent = task->parent->obj;
		parent->elements[task->idx] = made;
	}
	return made;
}

static void *add_text(const redisReadTask *task, char *text, size_t n)
{
	enum redis_reply_kind kind = task->type == REDIS_REPLY_ERROR    ? REDIS_IS_ERROR
				     : task->type == REDIS_REPLY_STATUS ? REDIS_IS_STATUS
									: REDIS_IS_STRING;
	struct redis_reply *made = add(task, kind, n);
	if (!made)
		return NULL;
	char *copy = take(task->privdata, n + 1);
	memcpy(copy, text, n);
	copy[n] = '\0';
	made->text = copy;
	made->n = n;
	return made;
}

static void *add_array_of(const redisReadTask *task, size_t n)
{
	struct redis_reader *r = task->privdata;
	if (n > REDIS_REPLY_OBJECTS_MAX - r->n_objects)
		return NULL;
	r->n_objects += n; /* counted when they are claimed: an array inside of another one claims more */
	struct redis_reply *made = add(task, REDIS_IS_ARRAY, 0);
	if (!made)
		return NULL;
	made->n = n;
	made->elements = take(r, n * sizeof(struct redis_reply *));
	memset(made->elements, 0, n * sizeof(struct redis_reply *));
	return made;
}

static void *add_integer(const redisReadTask *task, long long value)
{
	struct redis_reply *made = add(task, REDIS_IS_INTEGER, 0);
	if (made)
		made->integer = value;
	return made;
}

static void *add_nil(const redisReadTask *task)
{
	return add(task, REDIS_IS_NIL, 0);
}

static void free_object(void *object)
{
	(void)object; /* the arena's */
}

#if HIREDIS_MAJOR >= 1
static void *add_array(const redisReadTask *task, size_t n)
{
	return add_array_of(task, n);
}

/* RESP3 alone has these, and it is not asked for. */
static void *refuse_double(const redisReadTask *task, double value, char *text, size_t n)
{
	(void)task, (void)value, (void)text, (void)n;
	return NULL;
}

static void *refuse_bool(const redisReadTask *task, int value)
{
	(void)task, (void)value;
	return NULL;
}

static const redisReplyObjectFunctions functions = {add_text, add_array, add_integer, refuse_double, add_nil, refuse_bool, free_object};
#else
static void *add_array(const redisReadTask *task, int n)
{
	return add_array_of(task, (size_t)n);
}

static const redisReplyObjectFunctions functions = {add_text, add_array, add_integer, add_nil, free_object};
#endif

struct redis_reader *redis_reader_new(void)
{
	struct redis_reader *r = mem_new(struct redis_reader);
	r->blocks = mem_alloc(sizeof(struct block) + BLOCK_BYTES);
	*r->blocks = (struct block){.n_bytes = BLOCK_BYTES};
	r->functions = functions;
	r->parser = redisReaderCreateWithFunctions(&r->functions);
	if (!r->parser)
		abort(); /* memory ran out */
	r->parser->privdata = r;
	r->parser->maxbuf = UNUSED_BYTES_MAX;
	return r;
}

void redis_reader_free(struct redis_reader *r)
{
	if (!r)
		return;
	redisReaderFree(r->parser);
	forget(r);
	free(r->blocks);
	free(r);
}

int redis_reader_feed(struct redis_reader *r, const char *bytes, size_t n)
{
	r->n_waiting += n;
	if (r->n_waiting > (size_t)REDIS_REPLY_BYTES_MAX + n)
		return -EPROTO;
	return redisReaderFeed(r->parser, bytes, n) == REDIS_OK ? 0 : -EPROTO;
}

int redis_reader_next(struct redis_reader *r, const struct redis_reply **out)
{
	void *reply = NULL;
	if (!r->parser->reply && r->parser->ridx < 0)
		forget(r); /* the last reply, and not the beginning of the next one */
	if (redisReaderGetReply(r->parser, &reply) != REDIS_OK)
		return -EPROTO;
	if (!reply)
		return 0;
	r->n_waiting = r->parser->len - r->parser->pos;
	*out = reply;
	return 1;
}

bool redis_reply_is(const struct redis_reply *r, const char *text)
{
	return r && r->kind <= REDIS_IS_ERROR && r->kind != REDIS_IS_NIL && r->n == strlen(text) && !memcmp(r->text, text, r->n);
}

const struct redis_reply *redis_reply_field(const struct redis_reply *r, const char *name)
{
	for (size_t i = 0; r && r->kind == REDIS_IS_ARRAY && i + 1 < r->n; i += 2) {
		if (redis_reply_is(r->elements[i], name))
			return r->elements[i + 1];
	}
	return NULL;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *r, size_t i)
{
	return r && r->kind == REDIS_IS_ARRAY && i < r->n ? r->elements[i] : NULL;
}
