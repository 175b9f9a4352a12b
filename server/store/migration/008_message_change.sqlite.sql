-- The newest event that edited or deleted a message: older pages of the log are read together with what is behind them. No row: neither was done.
CREATE TABLE message_change (room_no INTEGER NOT NULL, message_seq INTEGER NOT NULL, change_seq INTEGER NOT NULL,
	PRIMARY KEY (room_no, message_seq)) STRICT, WITHOUT ROWID;
