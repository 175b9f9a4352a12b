-- Whom a hook asks: a service that answers a typed command, or messages that begin with one of its words. secret signs what it is asked. words have a blank between two,
-- headers are a JSON object. command, words, headers and ca are NULL where there are none.
-- copied: hook_ask by 1: account_no n, room_no n, url t, secret t, command T, words T, headers T, ca T, hint t, description t, hears_hooks n
CREATE TABLE hook_ask (
	account_no BIGINT PRIMARY KEY,
	room_no BIGINT NOT NULL,
	url TEXT COLLATE "C" NOT NULL,
	secret TEXT COLLATE "C" NOT NULL,
	command TEXT COLLATE "C",
	words TEXT COLLATE "C",
	headers TEXT COLLATE "C",
	ca TEXT COLLATE "C",
	hint TEXT COLLATE "C" NOT NULL,
	description TEXT COLLATE "C" NOT NULL,
	hears_hooks BIGINT NOT NULL
);
CREATE UNIQUE INDEX hook_ask_by_command ON hook_ask (room_no, command);

-- What was asked and may still be answered: by whom, for whom, how many hooks' posts led to it, and how often more. It is over after half an hour.
-- not copied: hook_reply
CREATE TABLE hook_reply (
	token_hash BYTEA PRIMARY KEY,
	account_no BIGINT NOT NULL,
	asker_no BIGINT NOT NULL,
	hops BIGINT NOT NULL,
	n_left BIGINT NOT NULL,
	until_ms BIGINT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX hook_reply_by_account ON hook_reply (account_no, until_ms);
CREATE INDEX hook_reply_by_end ON hook_reply (until_ms);
