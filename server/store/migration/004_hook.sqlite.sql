-- Kind 3 is a hook: hooks may share names, as guests may.
DROP INDEX account_by_name;
DROP INDEX account_by_skeleton;
CREATE UNIQUE INDEX account_by_name ON account (name_key) WHERE kind <> 2 AND kind <> 3;
CREATE UNIQUE INDEX account_by_skeleton ON account (skeleton) WHERE kind <> 2 AND kind <> 3;

-- A hook is an account with a place to post to. Its id, name, maker and age are the account's, which stays when the hook goes: it wrote messages.
-- template is NULL where there is none, secret where posts are not signed. used_day is 0 before the first use.
CREATE TABLE hook (account_no INTEGER PRIMARY KEY, room_no INTEGER NOT NULL, token_hash BLOB NOT NULL UNIQUE, secret TEXT,
	adapter TEXT NOT NULL, template TEXT, may_mention INTEGER NOT NULL, used_day INTEGER NOT NULL) STRICT;
CREATE INDEX hook_by_room ON hook (room_no);
