/*
 * From the bytes of a request to a checked, typed structure: first the envelope {type, ref, data}, then the members of
 * `data` by the command's own table of fields. Nothing behind this file sees JSON that was not checked.
 *
 * Order of checks: length, nesting depth (before parsing), JSON (RFC 8259; duplicate members, NUL and lone surrogates refused;
 * invalid UTF-8 refused), then each member's presence, type, range and form. The first fault is reported with the member's name.
 *
 * Ownership: a struct request owns its JSON; the strings in the decoded structure point into it and live as long.
 */
#ifndef PARLEY_CODEC_REQUEST_DECODE_H
#define PARLEY_CODEC_REQUEST_DECODE_H

#include "limits.h"
#include "uid.h"
#include "wire_error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row per command of the protocol; `type` on the wire. Handlers are the server's business (server/command/dispatch.c). */
/* clang-format off */
#define COMMAND_TABLE(X) \
	X(CMD_SESSION_START,  "session.start",  session_start) \
	X(CMD_SESSION_END,    "session.end",    session_end) \
	X(CMD_ACCOUNT_CREATE, "account.create", account_create) \
	X(CMD_ACCOUNT_LOGIN,  "account.login",  account_login) \
	X(CMD_ACCOUNT_LOGOUT, "account.logout", account_logout) \
	X(CMD_BOT_CREATE,     "bot.create",     bot_create) \
	X(CMD_ROOM_CREATE,    "room.create",    room_create) \
	X(CMD_ROOM_LIST,      "room.list",      room_list) \
	X(CMD_ROOM_GET,       "room.get",       room_get) \
	X(CMD_ROOM_UPDATE,    "room.update",    room_update) \
	X(CMD_ROOM_JOIN,      "room.join",      room_join) \
	X(CMD_ROOM_LEAVE,     "room.leave",     room_leave) \
	X(CMD_ROOM_MEMBERS,   "room.members",   room_members) \
	X(CMD_MEMBER_ADD,     "member.add",     member_add) \
	X(CMD_MESSAGE_SEND,   "message.send",   message_send) \
	X(CMD_HISTORY_READ,   "history.read",   history_read) \
	X(CMD_READ_MARK,      "read.mark",      read_mark) \
	X(CMD_TYPING_SET,     "typing.set",     typing_set) \
	X(CMD_SIGNAL_SEND,    "signal.send",    signal_send) \
	X(CMD_ADMIN_OWNER,    "admin.owner",    admin_owner) \
	X(CMD_ADMIN_ACCOUNT,  "admin.account",  admin_account) \
	X(CMD_ADMIN_BOT,      "admin.bot",      admin_bot) \
	X(CMD_ADMIN_PASSWORD, "admin.password", admin_password) \
	X(CMD_ADMIN_EXPORT,   "admin.export",   admin_export) \
	X(CMD_ADMIN_BACKUP,   "admin.backup",   admin_backup) \
	X(CMD_ADMIN_VERIFY,   "admin.verify",   admin_verify)
/* clang-format on */

enum command {
#define X(symbol, type, ident) symbol,
	COMMAND_TABLE(X)
#undef X
		CMD_COUNT
};

struct text { /* UTF-8, not NUL-terminated by contract, without NULs; s is NULL when the member was absent */
	const char *s;
	size_t n;
};

struct room_ref { /* a room's id or its name, as given */
	bool given;
	bool is_id;
	struct uid id;    /* when is_id */
	struct text name; /* when not */
};

struct cursor {
	struct uid room;
	uint64_t seq;
};

enum on_gap { ON_GAP_REPLAY, ON_GAP_SKIP };
enum room_kind { ROOM_PUBLIC, ROOM_PRIVATE };

struct data_session_start {
	struct text token, guest, epoch;
	struct cursor *resume;
	size_t n_resume;
	enum on_gap on_gap;
};
struct data_session_end {
	char unused;
};
struct data_account_create {
	struct text name, password, owner_code;
};
struct data_account_login {
	struct text name, password;
};
struct data_account_logout {
	bool everywhere;
};
struct data_bot_create {
	struct text name;
};
struct data_room_create {
	struct text name, topic;
	enum room_kind kind;
	bool owned; /* default true: by who makes it */
};
struct data_room_list {
	struct text after;
	uint64_t limit;
	bool all; /* private ones of others too */
};
struct data_room_get {
	struct room_ref room;
};
struct data_room_update {
	struct room_ref room;
	struct text name, topic;
};
struct data_room_join {
	struct room_ref room;
};
struct data_room_leave {
	struct room_ref room;
};
struct data_room_members {
	struct room_ref room;
	struct text after;
	uint64_t limit;
};
struct data_member_add {
	struct room_ref room, user; /* user: likewise an id or a name */
};
struct data_message_send {
	struct room_ref room;
	struct text text;
	bool has_client_id;
	struct uid client_id;
	uint64_t reply_to; /* 0: none */
};
struct data_history_read {
	struct room_ref room;
	uint64_t before, after, around;
	bool has_before, has_after, has_around;
	uint64_t limit; /* at most one of the three */
};
struct data_read_mark {
	struct room_ref room;
	uint64_t seq;
};
struct data_typing_set {
	struct room_ref room;
	bool typing; /* default true */
};
struct data_signal_send {
	struct room_ref room;
	struct text name;
	json_t *data; /* borrowed; any JSON value, NULL if absent */
};
struct data_admin_owner {
	struct text name, password;
}; /* password absent: an existing account becomes the owner */
struct data_admin_account {
	struct text name, password;
};
struct data_admin_bot {
	struct text name;
	bool renew;
};
struct data_admin_password {
	struct text name, password;
};
struct data_admin_export {
	struct room_ref room;
	uint64_t after;
	uint64_t limit;
};
struct data_admin_backup {
	struct text path;
};
struct data_admin_verify {
	char unused;
};

struct request {
	enum command command;
	struct text ref; /* given back in the reply; NULL: none. On the wire a string of at most 64 bytes or an integer */
	bool ref_is_number;
	union {
#define X(symbol, type, ident) struct data_##ident ident;
		COMMAND_TABLE(X)
#undef X
	} data;
	json_t *json;        /* owned; of what is no JSON its ref alone, or NULL */
	char ref_number[24]; /* storage for a numeric ref */
};

/* What was wrong; the code is a row of the table. The message is for people where the member is one that people fill in; else it names the member. */
struct request_fault {
	enum wire_error code; /* WIRE_OK when there is none */
	const char *field;    /* the member of `data` that is at fault, a constant; NULL: none, or it is not known */
	char message[200];
};

/* Decodes a whole frame: {"type":…,"ref":…,"data":{…}}. Returns true, or false with *fault filled. On false, out->ref is still
 * set when one can be found, even in what is no JSON (so the error can carry it), and request_finish() must be called all the same. */
bool request_decode(const uint8_t *bytes, size_t n, const struct limits *limits, struct request *out, struct request_fault *fault);
/* The same for a transport that names the command elsewhere (HTTP): bytes are `data` alone; an empty body is {}. */
bool request_decode_data(enum command command, const uint8_t *bytes, size_t n, const struct limits *limits, struct request *out,
			 struct request_fault *fault);
/* Only the reference of a whole frame, for one that is refused unread: one pass. Without one that can be found, out->ref stays empty.
 * request_finish() as above. */
void request_peek_ref(const uint8_t *bytes, size_t n, struct request *out);
void request_finish(struct request *r);

/* The command with this type, or CMD_COUNT. */
enum command command_by_type(const char *type, size_t n);
const char *command_type(enum command c);
/* Whether a request whose reply was lost may be made again: what it does is then not done twice. data: of the request, NULL: {}. CMD_COUNT,
 * which a newer server may know, may not. */
bool command_repeatable(enum command c, const json_t *data);

#endif
