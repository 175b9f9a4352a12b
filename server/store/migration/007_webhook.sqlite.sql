-- What a subscription of kind webhook has besides. The secrets sign what is posted, so they are kept as they are; old_secret signs too until old_until_ms. headers is JSON,
-- ca PEM; each of them, old_secret and reason are '' where there is none. failing_since_ms is 0 while events are delivered.
CREATE TABLE webhook (subscription_no INTEGER PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, old_secret TEXT NOT NULL, old_until_ms INTEGER NOT NULL,
	ca TEXT NOT NULL, headers TEXT NOT NULL, reason TEXT NOT NULL, failing_since_ms INTEGER NOT NULL) STRICT;

-- The newest attempts of each, as a JSON array.
CREATE TABLE webhook_log (subscription_no INTEGER PRIMARY KEY, attempts TEXT NOT NULL) STRICT;
