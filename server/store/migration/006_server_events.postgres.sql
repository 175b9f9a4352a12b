-- The log of server-wide events (server_events.h): a room of nobody's, with a number behind all of people's rooms.
ALTER SEQUENCE room_no MAXVALUE 134217724;
INSERT INTO room (no, id, kind, name, topic, last_seq, n_messages, n_members, created_ms)
	VALUES (134217725, uuid_send(gen_random_uuid()), 1, '', '', 0, 0, 0, (extract(epoch FROM now()) * 1000)::BIGINT);
