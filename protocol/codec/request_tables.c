#include "request_fields.h"

/* What each command takes. The schemas in protocol/schema/ say the same to everybody else; tests hold the two together. */

enum { TOKEN_BYTES_MAX = 128, SIGNAL_NAME_BYTES_MAX = 64, PATH_BYTES_MAX = 4096, EPOCH_BYTES_MAX = 64, LIST_MAX = 200 };
enum { PAGE_EVENTS_MAX = 1000, RESUME_ROOMS_MAX = 10000 }; /* where the limit is 0 */

/* clang-format off */
#define LIMITED(limit) .limit_name = #limit, .limit_offset = offsetof(struct limits, limit)

#define TEXT(command, member, least, ...) \
	{.name = #member, .kind = FIELD_TEXT, .offset = offsetof(struct data_##command, member), .min = (least), __VA_ARGS__}
/* How long it may be is looked at where it is prepared (chat/password.h): one password has several lengths. */
#define PASSWORD(command, ...) TEXT(command, password, 1, .people_say = "the password", __VA_ARGS__)
#define ID_OR_NAME(command, member) \
	{.name = #member, .kind = FIELD_ROOM, .required = true, .offset = offsetof(struct data_##command, member), .min = 1, LIMITED(name_bytes)}
#define ROOM(command) ID_OR_NAME(command, room)
#define NUMBER(command, member, least, most, ...) \
	{.name = #member, .kind = FIELD_NUMBER, .offset = offsetof(struct data_##command, member), .min = (least), .max = (most), __VA_ARGS__}
#define SEQ_CHOICE(command, member) NUMBER(command, member, 0, FIELD_SEQ_MAX, .beside = offsetof(struct data_##command, has_##member))
#define BOOL(command, member, value) {.name = #member, .kind = FIELD_BOOL, .offset = offsetof(struct data_##command, member), .fallback = (value)}
#define CHOICE(command, member, first, second) \
	{.name = #member, .kind = FIELD_CHOICE, .offset = offsetof(struct data_##command, member), .choices = {first, second}}
/* clang-format on */

static const struct field session_start[] = {
	TEXT(session_start, token, 1, .max = TOKEN_BYTES_MAX),
	TEXT(session_start, guest, 1, LIMITED(name_bytes), .people_say = "the name"),
	{.name = "resume",
	 .kind = FIELD_CURSORS,
	 .offset = offsetof(struct data_session_start, resume),
	 .beside = offsetof(struct data_session_start, n_resume),
	 .max = RESUME_ROOMS_MAX,
	 LIMITED(user_rooms)},
	TEXT(session_start, epoch, 1, .max = EPOCH_BYTES_MAX),
	CHOICE(session_start, on_gap, "replay", "skip"),
};

static const struct field account_create[] = {
	TEXT(account_create, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
	PASSWORD(account_create, .required = true),
	TEXT(account_create, owner_code, 1, .max = TOKEN_BYTES_MAX),
};

static const struct field account_login[] = {
	TEXT(account_login, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
	PASSWORD(account_login, .required = true),
};

static const struct field account_logout[] = {
	BOOL(account_logout, everywhere, false),
};

static const struct field bot_create[] = {
	TEXT(bot_create, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
};

static const struct field room_create[] = {
	TEXT(room_create, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
	CHOICE(room_create, kind, "public", "private"),
	TEXT(room_create, topic, 0, LIMITED(topic_bytes), .people_say = "the topic"),
	BOOL(room_create, owned, true),
};

static const struct field room_list[] = {
	TEXT(room_list, after, 0, .max = 0), /* an id, or a name that was given under another limit */
	NUMBER(room_list, limit, 1, LIST_MAX, .fallback = 100),
	BOOL(room_list, all, false),
};

static const struct field room_get[] = {
	ROOM(room_get),
};

static const struct field room_update[] = {
	ROOM(room_update),
	TEXT(room_update, name, 1, LIMITED(name_bytes), .people_say = "the name"),
	TEXT(room_update, topic, 0, LIMITED(topic_bytes), .people_say = "the topic"),
};

static const struct field room_join[] = {
	ROOM(room_join),
};

static const struct field room_leave[] = {
	ROOM(room_leave),
};

static const struct field room_members[] = {
	ROOM(room_members),
	{.name = "after", .kind = FIELD_ID_TEXT, .offset = offsetof(struct data_room_members, after)},
	NUMBER(room_members, limit, 1, LIST_MAX, .fallback = 100),
};

static const struct field member_add[] = {
	ROOM(member_add),
	ID_OR_NAME(member_add, user),
};

static const struct field message_send[] = {
	ROOM(message_send),
	TEXT(message_send, text, 1, .required = true, LIMITED(text_bytes), .people_say = "the message"),
	{.name = "client_id",
	 .kind = FIELD_ID,
	 .offset = offsetof(struct data_message_send, client_id),
	 .beside = offsetof(struct data_message_send, has_client_id)},
	NUMBER(message_send, reply_to, 1, FIELD_SEQ_MAX, .fallback = 0),
};

static const struct field history_read[] = {
	ROOM(history_read),
	SEQ_CHOICE(history_read, before),
	SEQ_CHOICE(history_read, after),
	SEQ_CHOICE(history_read, around),
	NUMBER(history_read, limit, 1, PAGE_EVENTS_MAX, .fallback = 50, LIMITED(page_events)),
};

static const struct field read_mark[] = {
	ROOM(read_mark),
	NUMBER(read_mark, seq, 0, FIELD_SEQ_MAX, .required = true),
};

static const struct field typing_set[] = {
	ROOM(typing_set),
	BOOL(typing_set, typing, true),
};

static const struct field signal_send[] = {
	ROOM(signal_send),
	TEXT(signal_send, name, 0, .max = SIGNAL_NAME_BYTES_MAX),
	{.name = "data", .kind = FIELD_ANY, .offset = offsetof(struct data_signal_send, data), LIMITED(signal_bytes)},
};

static const struct field admin_owner[] = {
	TEXT(admin_owner, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
	PASSWORD(admin_owner, .required = false),
};

static const struct field admin_account[] = {
	TEXT(admin_account, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
	PASSWORD(admin_account, .required = true),
};

static const struct field admin_bot[] = {
	TEXT(admin_bot, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
	BOOL(admin_bot, renew, false),
};

static const struct field admin_password[] = {
	TEXT(admin_password, name, 1, .required = true, LIMITED(name_bytes), .people_say = "the name"),
	PASSWORD(admin_password, .required = true),
};

static const struct field admin_export[] = {
	ROOM(admin_export),
	NUMBER(admin_export, after, 0, FIELD_SEQ_MAX, .fallback = 0),
	NUMBER(admin_export, limit, 1, PAGE_EVENTS_MAX, .fallback = 200, LIMITED(page_events)),
};

static const struct field admin_backup[] = {
	TEXT(admin_backup, path, 1, .required = true, .max = PATH_BYTES_MAX),
};

static bool session_start_rule(const struct request *r, struct request_fault *fault)
{
	const struct data_session_start *d = &r->data.session_start;

	if (d->token.s != NULL && d->guest.s != NULL)
		return request_fault_of(fault, WIRE_INVALID_REQUEST, "guest", "data.guest: give either token or guest");
	return true;
}

static bool room_update_rule(const struct request *r, struct request_fault *fault)
{
	const struct data_room_update *d = &r->data.room_update;

	if (d->name.s == NULL && d->topic.s == NULL)
		return request_fault_of(fault, WIRE_INVALID_REQUEST, "name", "data.name: give name or topic or both");
	return true;
}

static bool history_read_rule(const struct request *r, struct request_fault *fault)
{
	const struct data_history_read *d = &r->data.history_read;

	if (d->has_before + d->has_after + d->has_around > 1)
		return request_fault_of(fault, WIRE_INVALID_REQUEST, d->has_before ? "before" : "after",
					"data.%s: give only one of before, after, around", d->has_before ? "before" : "after");
	return true;
}

#define FIELDS(ident) .fields = (ident), .n_fields = sizeof(ident) / sizeof((ident)[0])

static const struct command_fields tables[CMD_COUNT] = {
	[CMD_SESSION_START] = {FIELDS(session_start), .rule = session_start_rule},
	[CMD_SESSION_END] = {0},
	[CMD_ACCOUNT_CREATE] = {FIELDS(account_create)},
	[CMD_ACCOUNT_LOGIN] = {FIELDS(account_login)},
	[CMD_ACCOUNT_LOGOUT] = {FIELDS(account_logout)},
	[CMD_BOT_CREATE] = {FIELDS(bot_create)},
	[CMD_ROOM_CREATE] = {FIELDS(room_create)},
	[CMD_ROOM_LIST] = {FIELDS(room_list), .repeat = REPEAT_ALWAYS},
	[CMD_ROOM_GET] = {FIELDS(room_get), .repeat = REPEAT_ALWAYS},
	[CMD_ROOM_UPDATE] = {FIELDS(room_update), .rule = room_update_rule},
	[CMD_ROOM_JOIN] = {FIELDS(room_join), .repeat = REPEAT_ALWAYS},
	[CMD_ROOM_LEAVE] = {FIELDS(room_leave)},
	[CMD_ROOM_MEMBERS] = {FIELDS(room_members), .repeat = REPEAT_ALWAYS},
	[CMD_MEMBER_ADD] = {FIELDS(member_add), .repeat = REPEAT_ALWAYS},
	[CMD_MESSAGE_SEND] = {FIELDS(message_send), .repeat = REPEAT_BY_CLIENT_ID},
	[CMD_HISTORY_READ] = {FIELDS(history_read), .repeat = REPEAT_ALWAYS, .rule = history_read_rule},
	[CMD_READ_MARK] = {FIELDS(read_mark), .repeat = REPEAT_ALWAYS},
	[CMD_TYPING_SET] = {FIELDS(typing_set), .repeat = REPEAT_ALWAYS},
	[CMD_SIGNAL_SEND] = {FIELDS(signal_send)},
	[CMD_ADMIN_OWNER] = {FIELDS(admin_owner)},
	[CMD_ADMIN_ACCOUNT] = {FIELDS(admin_account)},
	[CMD_ADMIN_BOT] = {FIELDS(admin_bot)},
	[CMD_ADMIN_PASSWORD] = {FIELDS(admin_password)},
	[CMD_ADMIN_EXPORT] = {FIELDS(admin_export), .repeat = REPEAT_ALWAYS},
	[CMD_ADMIN_BACKUP] = {FIELDS(admin_backup)},
	[CMD_ADMIN_VERIFY] = {.repeat = REPEAT_ALWAYS},
};

const struct command_fields *request_fields_of(enum command c)
{
	return &tables[c];
}

bool command_repeatable(enum command c, const json_t *data)
{
	if ((unsigned)c >= CMD_COUNT)
		return false;
	switch (tables[c].repeat) {
	case REPEAT_NEVER:
		return false;
	case REPEAT_ALWAYS:
		return true;
	case REPEAT_BY_CLIENT_ID:
		return json_is_string(json_object_get(data, "client_id"));
	}
	return false;
}
