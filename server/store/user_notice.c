#include "store/user_notice.h"

#include "store/packed.h"

/* Where each is. */
enum {
	AT_VERSION,
	AT_KIND,
	AT_UP_TO,
	AT_ROLE,
	AT_USER_NO = 8,
	AT_ROOM = 16,
	AT_SEQ = 32,
	AT_N_MESSAGES = 40,
	AT_TOKEN_HASH = 48,
};

_Static_assert(AT_TOKEN_HASH + SECRET_HASH_BYTES == USER_NOTICE_BYTES, "the hash comes last");

static void pack_room(const struct user_notice *n, uint8_t *out)
{
	memcpy(out + AT_ROOM, n->room.b, sizeof(n->room.b));
	packed_put_u64(out + AT_SEQ, n->seq);
}

void user_notice_pack(const struct user_notice *n, uint8_t out[USER_NOTICE_BYTES])
{
	memset(out, 0, USER_NOTICE_BYTES);
	out[AT_VERSION] = USER_NOTICE_VERSION;
	out[AT_KIND] = (uint8_t)n->kind;
	packed_put_u64(out + AT_USER_NO, n->user_no);
	switch (n->kind) {
	case NOTICE_READ_MARKED:
		packed_put_u64(out + AT_N_MESSAGES, n->n_messages);
		pack_room(n, out);
		break;
	case NOTICE_ROOM_ADDED:
	case NOTICE_ROOM_REMOVED:
	case NOTICE_ROOM_CHANGED:
		pack_room(n, out);
		break;
	case NOTICE_TOKEN_ENDED:
		memcpy(out + AT_TOKEN_HASH, n->token_hash, sizeof(n->token_hash));
		break;
	case NOTICE_TOKENS_ENDED:
		out[AT_UP_TO] = (uint8_t)n->up_to;
		break;
	case NOTICE_ROLE_SET:
		out[AT_ROLE] = (uint8_t)n->role;
		break;
	}
}

static bool is_possible(const struct user_notice *n)
{
	bool is_kind = n->kind >= NOTICE_READ_MARKED && n->kind <= NOTICE_ROOM_CHANGED;
	bool has_user = n->user_no > 0, needs_user = n->kind != NOTICE_ROOM_CHANGED;
	bool has_place = n->seq > 0 && n->seq <= EVENT_SEQ_MOST && n->n_messages <= n->seq;
	return is_kind && has_user == needs_user && n->up_to <= TOKEN_BOT && n->role <= USER_ROLE_OWNER &&
	       (!user_notice_is_of_room(n->kind) || has_place);
}

bool user_notice_unpack(const uint8_t *bytes, size_t n, struct user_notice *out)
{
	uint8_t again[USER_NOTICE_BYTES];
	if (n != USER_NOTICE_BYTES)
		return false;
	*out = (struct user_notice){
		.kind = (enum user_notice_kind)bytes[AT_KIND],
		.user_no = packed_u64(bytes + AT_USER_NO),
		.seq = packed_u64(bytes + AT_SEQ),
		.n_messages = packed_u64(bytes + AT_N_MESSAGES),
		.up_to = (enum token_kind)bytes[AT_UP_TO],
		.role = (enum user_role)bytes[AT_ROLE],
	};
	memcpy(out->room.b, bytes + AT_ROOM, sizeof(out->room.b));
	memcpy(out->token_hash, bytes + AT_TOKEN_HASH, sizeof(out->token_hash));
	if (!is_possible(out))
		return false;
	user_notice_pack(out, again); /* the version, and zeroes where the kind says nothing */
	return memcmp(again, bytes, n) == 0;
}

/* An event's JSON ends with its `data`. */
static const char data_begin[] = "{\"notice\":\"", data_end[] = "\"}", event_end[] = "\"}}";
enum { HEX_BYTES = 2 * USER_NOTICE_BYTES, DATA_BEGIN_BYTES = sizeof(data_begin) - 1, EVENT_END_BYTES = sizeof(event_end) - 1 };

void user_notice_encode(const struct user_notice *n, struct buf *data)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t packed[USER_NOTICE_BYTES], hex[HEX_BYTES];
	user_notice_pack(n, packed);
	for (size_t i = 0; i < USER_NOTICE_BYTES; i++) {
		hex[2 * i] = (uint8_t)digits[packed[i] >> 4];
		hex[2 * i + 1] = (uint8_t)digits[packed[i] & 15];
	}
	buf_append_str(data, data_begin);
	buf_append(data, hex, sizeof(hex));
	buf_append_str(data, data_end);
}

struct event *user_notice_to_event(const struct user_notice *n, const struct uid *log, uint64_t seq)
{
	auto_buf data = BUF_INIT, json = BUF_INIT;
	const struct event head = {.room = *log, .seq = seq, .type = EVENT_NOTICE};
	user_notice_encode(n, &data);
	event_encode(&json, head.type, &head.id, head.timestamp_ms, log, seq, data.data, data.len);
	return event_of(&head, json.data, json.len);
}

/* 16: it is none. */
static uint8_t digit_of(uint8_t c)
{
	return c >= '0' && c <= '9' ? (uint8_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10) : 16;
}

bool user_notice_of_event(const struct event *e, struct user_notice *out)
{
	enum { DATA_BYTES = DATA_BEGIN_BYTES + HEX_BYTES + EVENT_END_BYTES };
	uint8_t packed[USER_NOTICE_BYTES];
	size_t n;
	const uint8_t *json = event_json(e, &n);
	if (e->type != EVENT_NOTICE || n < DATA_BYTES)
		return false;
	const uint8_t *data = json + n - DATA_BYTES, *hex = data + DATA_BEGIN_BYTES;
	if (memcmp(data, data_begin, DATA_BEGIN_BYTES) != 0 || memcmp(hex + HEX_BYTES, event_end, EVENT_END_BYTES) != 0)
		return false;
	for (size_t i = 0; i < USER_NOTICE_BYTES; i++) {
		uint8_t high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
		if (high > 15 || low > 15)
			return false;
		packed[i] = (uint8_t)(high << 4 | low);
	}
	return user_notice_unpack(packed, sizeof(packed), out);
}
