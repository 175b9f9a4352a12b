-- The server's own log (notices.h): a room of nobody's, with the highest number.
ALTER SEQUENCE room_no MAXVALUE 134217725;
INSERT INTO room (no, id, kind, name, topic, last_seq, n_messages, n_members, created_ms)
	VALUES (134217726, uuid_send(gen_random_uuid()), 1, '', '', 0, 0, 0, (extract(epoch FROM now()) * 1000)::BIGINT);
