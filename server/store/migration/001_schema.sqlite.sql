-- What comes next fits in: an edit, a deletion or a reaction is an event whose target_seq names the event it is about (a reply does so
-- already); a direct message is a room without a name; roles are numbers.

CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- name_key is unique among persons and bots; guests may share names, and have no skeleton (what a name looks like: skeleton.h).
CREATE TABLE user (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, role INTEGER NOT NULL,
	name TEXT NOT NULL, name_key TEXT NOT NULL, password_hash TEXT, created_by_no INTEGER, created_ms INTEGER NOT NULL,
	skeleton TEXT) STRICT;
CREATE UNIQUE INDEX user_by_name ON user (name_key) WHERE kind <> 2;
CREATE UNIQUE INDEX user_by_skeleton ON user (skeleton) WHERE kind <> 2;
CREATE INDEX user_owner ON user (role) WHERE role = 1;

CREATE TABLE token (hash BLOB PRIMARY KEY, user_no INTEGER NOT NULL, kind INTEGER NOT NULL, created_ms INTEGER NOT NULL,
	used_day INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_user ON token (user_no);

-- name_key is a public room's name, unique; private_key is a private one's, which is no business of anybody outside it: not unique.
CREATE TABLE room (no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, name TEXT, name_key TEXT UNIQUE,
	topic TEXT NOT NULL, last_seq INTEGER NOT NULL, n_messages INTEGER NOT NULL, n_members INTEGER NOT NULL,
	created_ms INTEGER NOT NULL, skeleton TEXT, private_key TEXT) STRICT;
-- Without it a page of rooms walks past every private room of everybody.
CREATE INDEX room_public ON room (name_key) WHERE kind = 0;
CREATE UNIQUE INDEX room_by_skeleton ON room (skeleton) WHERE name_key IS NOT NULL;
-- For a page of all rooms.
CREATE INDEX room_by_any_key ON room (coalesce(name_key, private_key));

-- ended is 1 in the memberships of a guest without a token, whom nobody can be any more: they are to be ended (STORE_GUESTS_END).
CREATE TABLE member (user_no INTEGER NOT NULL, room_no INTEGER NOT NULL, role INTEGER NOT NULL, read_seq INTEGER NOT NULL,
	read_messages INTEGER NOT NULL, joined_seq INTEGER NOT NULL, ended INTEGER, PRIMARY KEY (user_no, room_no)) STRICT, WITHOUT ROWID;
CREATE INDEX member_by_room ON member (room_no, user_no, role);
CREATE INDEX member_ended ON member (ended) WHERE ended = 1;

-- Whatever deletes the last token of a guest.
CREATE TRIGGER guest_ends AFTER DELETE ON token WHEN (SELECT kind FROM user WHERE no = old.user_no) = 2
	AND NOT EXISTS (SELECT 1 FROM token WHERE user_no = old.user_no)
BEGIN
	UPDATE member SET ended = 1 WHERE user_no = old.user_no;
END;

-- n_messages counts the room's messages up to and including the event: what a member has not read is the difference of two such numbers.
-- checksum: event_row.h.
CREATE TABLE event (pk INTEGER PRIMARY KEY, id BLOB NOT NULL, type INTEGER NOT NULL, author_no INTEGER, at_ms INTEGER NOT NULL,
	n_messages INTEGER NOT NULL, target_seq INTEGER, json TEXT NOT NULL, checksum INTEGER) STRICT;

CREATE TABLE client_id (author_no INTEGER NOT NULL, client_id BLOB NOT NULL, event_pk INTEGER NOT NULL,
	PRIMARY KEY (author_no, client_id)) STRICT, WITHOUT ROWID;
