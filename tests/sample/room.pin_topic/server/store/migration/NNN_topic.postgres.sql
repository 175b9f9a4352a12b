-- copied: room_pin by 1: room_no n, seq n, text t
CREATE TABLE room_pin (
	room_no BIGINT PRIMARY KEY,
	seq BIGINT NOT NULL,
	text TEXT COLLATE "C" NOT NULL
);
