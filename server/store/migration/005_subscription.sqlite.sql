-- Who reads the logs of rooms with a cursor that is kept here: a consumer, which is read from, or a webhook, which is posted to. Numbers are never used again.
-- filter is JSON. lease_until_ms is when the lease of lease_holder is over; fence: op_subscription.h.
CREATE TABLE subscription (no INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, owner_no INTEGER NOT NULL, kind INTEGER NOT NULL,
	name TEXT NOT NULL, filter TEXT NOT NULL, ordering INTEGER NOT NULL, status INTEGER NOT NULL, ack_wait_ms INTEGER NOT NULL,
	max_tries INTEGER NOT NULL, fence INTEGER NOT NULL, lease_holder BLOB, lease_until_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX subscription_by_owner ON subscription (owner_no, kind, name);

-- How far it is in a room. Without a row it is where its owner became a member.
CREATE TABLE subscription_room (subscription_no INTEGER NOT NULL, room_no INTEGER NOT NULL, seq INTEGER NOT NULL,
	PRIMARY KEY (subscription_no, room_no)) STRICT, WITHOUT ROWID;

-- What was handed out and not acknowledged: it waits until next_ms, or is set aside (state 1).
CREATE TABLE subscription_event (subscription_no INTEGER NOT NULL, room_no INTEGER NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL,
	tries INTEGER NOT NULL, next_ms INTEGER NOT NULL, delivery INTEGER NOT NULL, worker TEXT NOT NULL,
	PRIMARY KEY (subscription_no, room_no, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_event_next ON subscription_event (subscription_no, state, next_ms);
CREATE INDEX subscription_event_delivery ON subscription_event (subscription_no, delivery);
