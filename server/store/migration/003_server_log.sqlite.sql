-- The server's own log (notices.h): a room of nobody's, with the highest number. Nothing is written to it where nobody else writes.
INSERT INTO room (no, id, kind, name, topic, last_seq, n_messages, n_members, created_ms)
	VALUES (134217726, randomblob(16), 1, '', '', 0, 0, 0, CAST(strftime('%s', 'now') AS INTEGER) * 1000);
