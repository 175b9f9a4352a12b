-- What a subscription of kind webhook has besides. The secrets sign what is posted, so they are kept as they are; old_secret signs too until old_until_ms. headers is JSON,
-- ca PEM; each of them, old_secret and reason are '' where there is none. failing_since_ms is 0 while events are delivered.
-- copied: webhook by 1: subscription_no n, url t, secret t, old_secret t, old_until_ms n, ca t, headers t, reason t, failing_since_ms n
CREATE TABLE webhook (
	subscription_no BIGINT PRIMARY KEY,
	url TEXT COLLATE "C" NOT NULL,
	secret TEXT COLLATE "C" NOT NULL,
	old_secret TEXT COLLATE "C" NOT NULL,
	old_until_ms BIGINT NOT NULL,
	ca TEXT COLLATE "C" NOT NULL,
	headers TEXT COLLATE "C" NOT NULL,
	reason TEXT COLLATE "C" NOT NULL,
	failing_since_ms BIGINT NOT NULL
);

-- The newest attempts of each, as a JSON array. It is replaced often.
-- copied: webhook_log by 1: subscription_no n, attempts t
CREATE TABLE webhook_log (
	subscription_no BIGINT PRIMARY KEY,
	attempts TEXT COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
