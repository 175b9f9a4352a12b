-- The tables, for PostgreSQL 15 and later. They are made in the first schema of the connection's search_path.
-- Beside the text for SQLite: numbers are BIGINT, bytes are BYTEA, and every text is COLLATE "C", so that it is compared and ordered by its bytes.
-- There are no foreign keys: who writes keeps the references, and changes may be sent in any order within a transaction.

-- value: a number. bytes: what is no number (the epoch, what the epoch belongs to, the version of the skeletons).
-- not copied: meta
CREATE TABLE meta (
	key TEXT COLLATE "C" PRIMARY KEY,
	value BIGINT,
	bytes BYTEA
);
INSERT INTO meta (key, value) VALUES ('made_ms', (extract(epoch FROM now()) * 1000)::BIGINT);

-- An event's key is room.no << 36 | seq, so there are 2^27 rooms at most.
CREATE SEQUENCE room_no AS BIGINT MAXVALUE 134217727;
CREATE SEQUENCE account_no AS BIGINT;

-- kind 2 is a guest: guests may share names, and have no skeleton.
-- copied: account by 1: no n, id b, kind n, role n, name t, name_key t, password_hash T, created_by_no N, created_ms n, skeleton T
CREATE TABLE account (
	no BIGINT PRIMARY KEY,
	id BYTEA NOT NULL UNIQUE,
	kind BIGINT NOT NULL,
	role BIGINT NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	name_key TEXT COLLATE "C" NOT NULL,
	password_hash TEXT COLLATE "C",
	created_by_no BIGINT,
	created_ms BIGINT NOT NULL,
	skeleton TEXT COLLATE "C"
);
CREATE UNIQUE INDEX account_by_name ON account (name_key) WHERE kind <> 2;
CREATE UNIQUE INDEX account_by_skeleton ON account (skeleton) WHERE kind <> 2;
CREATE INDEX account_owner ON account (role) WHERE role = 1;

-- copied: token by 1: hash b, user_no n, kind n, created_ms n, used_day n
CREATE TABLE token (
	hash BYTEA PRIMARY KEY,
	user_no BIGINT NOT NULL,
	kind BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	used_day BIGINT NOT NULL
);
CREATE INDEX token_by_user ON token (user_no);

-- The counters change with nearly every batch. No index holds them, so a new version of the row fits into its own page, if there is room.
-- copied: room by 1: no n, id b, kind n, name T, name_key T, topic t, last_seq n, n_messages n, n_members n, created_ms n, skeleton T, private_key T
CREATE TABLE room (
	no BIGINT PRIMARY KEY,
	id BYTEA NOT NULL UNIQUE,
	kind BIGINT NOT NULL,
	name TEXT COLLATE "C",
	name_key TEXT COLLATE "C" UNIQUE,
	topic TEXT COLLATE "C" NOT NULL,
	last_seq BIGINT NOT NULL,
	n_messages BIGINT NOT NULL,
	n_members BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	skeleton TEXT COLLATE "C",
	private_key TEXT COLLATE "C"
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX room_public ON room (name_key) WHERE kind = 0;
CREATE UNIQUE INDEX room_by_skeleton ON room (skeleton) WHERE name_key IS NOT NULL;
CREATE INDEX room_by_any_key ON room ((coalesce(name_key, private_key)));
CREATE INDEX room_by_private_key ON room (private_key) WHERE private_key IS NOT NULL;

-- Read marks change often. No index holds them.
-- copied: member by 2: user_no n, room_no n, role n, read_seq n, read_messages n, joined_seq n, ended N
CREATE TABLE member (
	user_no BIGINT NOT NULL,
	room_no BIGINT NOT NULL,
	role BIGINT NOT NULL,
	read_seq BIGINT NOT NULL,
	read_messages BIGINT NOT NULL,
	joined_seq BIGINT NOT NULL,
	ended BIGINT,
	PRIMARY KEY (user_no, room_no)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX member_by_room ON member (room_no, user_no, role);
CREATE INDEX member_ended ON member (ended) WHERE ended = 1;

-- Copied as EVENT_COLUMNS has them, so that event_row_read() reads them; and the id of the room, which the checksum covers.
-- copied: event by 1: pk n, id b, type n, author_no N, at_ms n, n_messages n, target_seq N, json t, checksum N also (SELECT r.id FROM room r WHERE r.no = pk >> 36)
CREATE TABLE event (
	pk BIGINT PRIMARY KEY,
	id BYTEA NOT NULL,
	type BIGINT NOT NULL,
	author_no BIGINT,
	at_ms BIGINT NOT NULL,
	n_messages BIGINT NOT NULL,
	target_seq BIGINT,
	json TEXT COLLATE "C" NOT NULL,
	checksum BIGINT
);

-- copied: client_id by 2: author_no n, client_id b, event_pk n
CREATE TABLE client_id (
	author_no BIGINT NOT NULL,
	client_id BYTEA NOT NULL,
	event_pk BIGINT NOT NULL,
	PRIMARY KEY (author_no, client_id)
);

-- One row for each writer. batch_no tells after a lost connection whether a commit was done.
-- not copied: writer
CREATE TABLE writer (
	id BYTEA PRIMARY KEY,
	batch_no BIGINT NOT NULL,
	seen_ms BIGINT NOT NULL
) WITH (fillfactor = 50);

-- Whatever deletes the last token of a guest. The guest's row is locked first: of two transactions that delete one token each, the second one sees
-- then that the first one is gone.
CREATE FUNCTION guest_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM account WHERE kind = 2 AND no IN (SELECT user_no FROM gone) ORDER BY no FOR UPDATE;
	IF FOUND THEN
		UPDATE member SET ended = 1 WHERE user_no IN (SELECT a.no FROM account a WHERE a.kind = 2
			AND a.no IN (SELECT user_no FROM gone) AND NOT EXISTS (SELECT 1 FROM token t WHERE t.user_no = a.no));
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER guest_ends AFTER DELETE ON token REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION guest_ends();
