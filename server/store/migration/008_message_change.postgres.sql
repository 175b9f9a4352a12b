-- The newest event that edited or deleted a message: older pages of the log are read together with what is behind them. No row: neither was done.
-- copied: message_change by 2: room_no n, message_seq n, change_seq n
CREATE TABLE message_change (
	room_no BIGINT NOT NULL,
	message_seq BIGINT NOT NULL,
	change_seq BIGINT NOT NULL,
	PRIMARY KEY (room_no, message_seq)
) WITH (fillfactor = 80);
