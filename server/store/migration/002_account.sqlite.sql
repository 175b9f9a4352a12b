-- "user" is a reserved word of PostgreSQL's, and both databases are asked with one text.
ALTER TABLE user RENAME TO account;

DROP INDEX user_by_name;
DROP INDEX user_by_skeleton;
DROP INDEX user_owner;
CREATE UNIQUE INDEX account_by_name ON account (name_key) WHERE kind <> 2;
CREATE UNIQUE INDEX account_by_skeleton ON account (skeleton) WHERE kind <> 2;
CREATE INDEX account_owner ON account (role) WHERE role = 1;

-- As it was, with the table's name written plainly.
DROP TRIGGER guest_ends;
CREATE TRIGGER guest_ends AFTER DELETE ON token WHEN (SELECT kind FROM account WHERE no = old.user_no) = 2
	AND NOT EXISTS (SELECT 1 FROM token WHERE user_no = old.user_no)
BEGIN
	UPDATE member SET ended = 1 WHERE user_no = old.user_no;
END;
