/*
 * The operations about accounts and their tokens. store_op.h tells what holds for all operations.
 */
#ifndef PARLEY_STORE_OP_ACCOUNT_H
#define PARLEY_STORE_OP_ACCOUNT_H

#include "store/store_op.h"

enum { STORE_OWNER_LINKS_MAX = 16 };

/* STORE_USER_CREATE: a user, and a token for it when token_hash is given. -EEXIST: name_key is taken by a person or bot, or
 * easily taken for one that is (guests are checked against those too, but do not take the name). */
struct store_user_create {
	struct store_op op;
	struct uid id;
	enum user_kind kind;
	enum user_role role;
	bool first_owner; /* -EPERM where the server has an owner */
	const uint8_t
		*owner_link; /* -EACCES where it is the hash of no link that is there (STORE_OWNER_LINK); NULL: that is not looked at */
	struct text name, name_key;
	const char *password_hash; /* NULL: cannot sign in by password */
	bool has_token;
	enum token_kind token_kind;
	uint8_t token_hash[SECRET_HASH_BYTES];
	uint64_t created_by_no; /* 0: nobody */
	uint64_t user_no;       /* out */
};
STORE_OP(user_create, WRITE, NOTHING, NO_ROOM);

/* STORE_OWNER_LINK: the hash of the code in a link that makes the server's owner, on any instance. Of more than STORE_OWNER_LINKS_MAX the oldest go. ends: it goes. */
struct store_owner_link {
	struct store_op op;
	uint8_t hash[SECRET_HASH_BYTES];
	bool ends;
};
STORE_OP(owner_link, WRITE, NOTHING, NO_ROOM);

/* STORE_USER_SET: password hash and/or role of an existing person or bot, by name. Deletes the user's session tokens when the password changes.
 * -ENOENT: nobody, or a bot when there is a password. */
struct store_user_set {
	struct store_op op;
	struct text name_key;
	const char *password_hash; /* NULL: unchanged */
	bool make_owner;
	uint64_t user_no;   /* out */
	struct uid user_id; /* out */
};
STORE_OP(user_set, WRITE, NOTHING, NO_ROOM);

/* STORE_USER_BY_NAME: for signing in by password. -ENOENT. password_hash NULL: has none. */
struct store_user_by_name {
	struct store_op op;
	struct text name_key;
	struct store_user user; /* out */
	char *password_hash;    /* out, owned by the caller */
};
STORE_OP(user_by_name, READ, OWNS, NO_ROOM);
static inline void store_user_by_name_finish(struct store_user_by_name *op)
{
	store_user_finish(&op->user);
	free(op->password_hash);
	op->password_hash = NULL;
}

/* STORE_SIGN_IN: a user with all memberships, by token hash or by user no. -ENOENT. Session tokens unused for STORE_TOKEN_DAYS count as absent. */
struct store_sign_in {
	struct store_op op;
	bool by_token;
	uint8_t token_hash[SECRET_HASH_BYTES];
	uint64_t user_no;
	bool with_tokens; /* by user no: the user's tokens as well, also where the rest is damaged (-EBADMSG) */
	/* out */
	struct store_user user;
	enum token_kind token_kind;
	struct store_membership *memberships;
	size_t n_memberships;
	bool has_token_hashes;                      /* they were read */
	uint8_t (*token_hashes)[SECRET_HASH_BYTES]; /* in the order of their bytes */
	size_t n_token_hashes;
};
STORE_OP(sign_in, READ, OWNS, NO_ROOM);
static inline void store_sign_in_finish(struct store_sign_in *op)
{
	store_user_finish(&op->user);
	for (size_t i = 0; i < op->n_memberships; i++)
		store_room_finish(&op->memberships[i].room);
	free(op->memberships);
	op->memberships = NULL;
	op->n_memberships = 0;
	free(op->token_hashes);
	op->token_hashes = NULL;
	op->n_token_hashes = 0;
}

/* STORE_TOKEN_CREATE: one more token for a user, or the only one. -ENOENT: the user's password is not (any more) the one that the
 * token is given for. */
struct store_token_create {
	struct store_op op;
	uint64_t user_no;
	enum token_kind kind;
	bool alone;                        /* all others of the user, of either kind, are void */
	const char *password_hash;         /* the one that was verified; NULL: the token is not given for a password */
	const char *renewed_password_hash; /* takes its place: of the same password in another form; NULL: it stays */
	uint8_t hash[SECRET_HASH_BYTES];
};
STORE_OP(token_create, WRITE, NOTHING, NO_ROOM);

/* STORE_TOKEN_DELETE: this token, of whatever kind; everywhere: and every session token of its user. -ENOENT: no such token. */
struct store_token_delete {
	struct store_op op;
	uint8_t hash[SECRET_HASH_BYTES];
	bool everywhere;
	uint64_t user_no; /* out */
};
STORE_OP(token_delete, WRITE, NOTHING, NO_ROOM);

#endif
