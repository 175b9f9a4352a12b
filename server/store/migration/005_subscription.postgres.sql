CREATE SEQUENCE subscription_no AS BIGINT;

-- Who reads the logs of rooms with a cursor that is kept here: a consumer, which is read from, or a webhook, which is posted to. Numbers are never used again.
-- filter is JSON. lease_until_ms is when the lease of lease_holder is over; fence: op_subscription.h. The fence changes often. No index holds it.
-- copied: subscription by 1: no n, id b, owner_no n, kind n, name t, filter t, ordering n, status n, ack_wait_ms n, max_tries n, fence n, lease_holder B, lease_until_ms n, created_ms n
CREATE TABLE subscription (
	no BIGINT PRIMARY KEY,
	id BYTEA NOT NULL UNIQUE,
	owner_no BIGINT NOT NULL,
	kind BIGINT NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	filter TEXT COLLATE "C" NOT NULL,
	ordering BIGINT NOT NULL,
	status BIGINT NOT NULL,
	ack_wait_ms BIGINT NOT NULL,
	max_tries BIGINT NOT NULL,
	fence BIGINT NOT NULL,
	lease_holder BYTEA,
	lease_until_ms BIGINT NOT NULL,
	created_ms BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX subscription_by_owner ON subscription (owner_no, kind, name);

-- How far it is in a room. Without a row it is where its owner became a member.
-- copied: subscription_room by 2: subscription_no n, room_no n, seq n
CREATE TABLE subscription_room (
	subscription_no BIGINT NOT NULL,
	room_no BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	PRIMARY KEY (subscription_no, room_no)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- What was handed out and not acknowledged: it waits until next_ms, or is set aside (state 1).
-- copied: subscription_event by 3: subscription_no n, room_no n, seq n, state n, tries n, next_ms n, delivery n, worker t
CREATE TABLE subscription_event (
	subscription_no BIGINT NOT NULL,
	room_no BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	state BIGINT NOT NULL,
	tries BIGINT NOT NULL,
	next_ms BIGINT NOT NULL,
	delivery BIGINT NOT NULL,
	worker TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (subscription_no, room_no, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX subscription_event_next ON subscription_event (subscription_no, state, next_ms);
CREATE INDEX subscription_event_delivery ON subscription_event (subscription_no, delivery);
