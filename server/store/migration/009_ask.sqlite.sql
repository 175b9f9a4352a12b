-- Whom a hook asks: a service that answers a typed command, or messages that begin with one of its words. secret signs what it is asked. words have a blank between two,
-- headers are a JSON object. command, words, headers and ca are NULL where there are none.
CREATE TABLE hook_ask (account_no INTEGER PRIMARY KEY, room_no INTEGER NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL, command TEXT, words TEXT,
	headers TEXT, ca TEXT, hint TEXT NOT NULL, description TEXT NOT NULL, hears_hooks INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX hook_ask_by_command ON hook_ask (room_no, command);

-- What was asked and may still be answered: by whom, for whom, how many hooks' posts led to it, and how often more.
CREATE TABLE hook_reply (token_hash BLOB PRIMARY KEY, account_no INTEGER NOT NULL, asker_no INTEGER NOT NULL, hops INTEGER NOT NULL,
	n_left INTEGER NOT NULL, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX hook_reply_by_account ON hook_reply (account_no, until_ms);
CREATE INDEX hook_reply_by_end ON hook_reply (until_ms);
