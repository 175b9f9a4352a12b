// The bus over TLS: a plain server and Sentinels, and certificates that are not what they have to be.
import test from 'node:test';
import { BusAgent } from '../e2e/lib/bus_agent.mjs';
import { makeExpiredCertificate } from '../e2e/lib/certificate.mjs';
import { Authority, redisFor, sentinelsFor } from '../e2e/lib/redis.mjs';
import { until } from '../e2e/lib/wait.mjs';

const LATE_MS = 30000;
const authority = new Authority();
const TRUSTED = ['--ca-file', authority.cert];

async function refused(t, redis, expected, { url = redis.url(), options = TRUSTED } = {}) {
	await BusAgent.for(t, ...options, url).degraded(expected);
}

// Large enough for several records of TLS, and for more than a socket takes at once.
const [N_LONG, LONG_BYTES] = [100, 50000];

test('messages of all sizes go both ways over TLS', async (t) => {
	const redis = await redisFor(t, { tls: authority.issue() });
	const [a, b] = [BusAgent.for(t, ...TRUSTED, redis.url()), BusAgent.for(t, ...TRUSTED, redis.url(redis.port, 'localhost'))];
	for (const agent of [a, b]) {
		await agent.whole();
		await agent.follow(1);
	}
	a.say('flood', 1, N_LONG, LONG_BYTES);
	b.say('flood', 1, N_LONG, LONG_BYTES);
	a.say('publish', 1, 'short');
	const nLong = (agent) => agent.arrived(1).filter(({ bytes }) => bytes === LONG_BYTES).length;
	await until(LATE_MS, 'all to arrive', () => b.heardOn('short').size === 1 && nLong(a) === N_LONG && nLong(b) === N_LONG);
});

test('a certificate of an authority that is not known is refused', async (t) => {
	const redis = await redisFor(t, { tls: authority.issue() });
	await refused(t, redis, /the certificate of 127\.0\.0\.1 is not trusted: .*; name a private authority's certificate with --redis-ca-file$/, { options: [] });
	await refused(t, redis, /; it is none that --redis-ca-file vouches for$/, { options: ['--ca-file', new Authority().cert] });
});

test('a certificate for another name or address is refused', async (t) => {
	await refused(t, await redisFor(t, { tls: authority.issue('DNS:localhost') }), /the server's certificate is not for 127\.0\.0\.1: /);
	const byAddress = await redisFor(t, { tls: authority.issue('IP:127.0.0.1') });
	await refused(t, byAddress, /the server's certificate is not for localhost: /, { url: byAddress.url(byAddress.port, 'localhost') });
});

test('a certificate that has expired is refused, and the next one is taken', async (t) => {
	const expired = authority.issue('IP:127.0.0.1', makeExpiredCertificate);
	const redis = await redisFor(t, { tls: expired });
	const agent = BusAgent.for(t, ...TRUSTED, redis.url());
	await agent.degraded(/the certificate of 127\.0\.0\.1 is not trusted: certificate has expired$/);
	const valid = authority.issue();
	await redis.command('CONFIG', 'SET', 'tls-cert-file', valid.cert, 'tls-key-file', valid.key);
	await agent.whole();
});

test('a server without TLS, and TLS where none is expected, are told of', async (t) => {
	const [plain, secure] = [await redisFor(t), await redisFor(t, { tls: authority.issue() })];
	await refused(t, plain, /no TLS with|does not answer/, { url: plain.url().replace('redis:', 'rediss:') });
	await refused(t, secure, /closed the connection|reset by peer/, { url: secure.url().replace('rediss:', 'redis:') });
});

test('a file of authorities that cannot be used is named', async (t) => {
	const redis = await redisFor(t, { tls: authority.issue() });
	await refused(t, redis, /--redis-ca-file \/nowhere\/ca\.pem: No such file or directory$/, { options: ['--ca-file', '/nowhere/ca.pem'] });
});

test('Sentinels and the servers that they tell of are reached over TLS, through a failover', async (t) => {
	const tls = authority.issue();
	const { urls, master } = await sentinelsFor(t, { options: { tls }, sentinelOptions: { tls } });
	const [a, b] = [BusAgent.for(t, ...TRUSTED, ...urls), BusAgent.for(t, ...TRUSTED, ...urls)];
	for (const agent of [a, b]) {
		await agent.whole();
		await agent.follow(1);
	}
	await (await master()).kill();
	await b.degraded();
	await a.whole();
	await b.whole();
	await until(LATE_MS, 'a message through the new master', () => {
		a.say('publish', 1, 'after');
		return b.heardOn('after').has(1);
	}, 100);
});
