-- The log of server-wide events (server_events.h): a room of nobody's, with a number behind all of people's rooms.
INSERT INTO room (no, id, kind, name, topic, last_seq, n_messages, n_members, created_ms)
	VALUES (134217725, randomblob(16), 1, '', '', 0, 0, 0, CAST(strftime('%s', 'now') AS INTEGER) * 1000);
