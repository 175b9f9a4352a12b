// HAProxy and nginx as OPERATING.md sets them up, before a server: {url, port, wsUrl, said()} of each.
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { makeCertificate } from './certificate.mjs';
import { haproxyWith } from './haproxy.mjs';
import { nginxFor } from './nginx.mjs';
import { haproxyRecipe, nginxRecipe, rule } from './recipes.mjs';
import { temporaryDir } from './server.mjs';

// What the server is told in the recipes.
const WITHOUT_OPS = ['--trusted-proxy', '127.0.0.1', '--origin', 'https://chat.example'];
export const PROXIED = [...WITHOUT_OPS, '--listen-ops', '127.0.0.1:0'];
// And where /metrics is refused by a rule of the proxy: `rule: true` below.
export const PROXIED_BY_RULE = WITHOUT_OPS;

// Where its health is asked for.
const opsPort = (server) => /health and metrics on http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stdout)?.[1] ?? server.port;

function certificate() {
	const dir = temporaryDir();
	const files = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem'), both: join(dir, 'both.pem') };
	makeCertificate('chat.example', files.cert, files.key);
	writeFileSync(files.both, readFileSync(files.cert, 'utf8') + readFileSync(files.key, 'utf8'));
	return files;
}

// tls: false leaves out the encryption towards clients; bare: true the word about it, so that X-Forwarded-For comes right behind what the client sent; rule: true adds the rule that
// refuses /metrics; more: lines for its backend.
async function haproxy(t, server, { tls = true, bare = false, rule: hasRule = false, more = '' } = {}) {
	const bind = 'bind :443 ssl crt /etc/haproxy/chat.pem alpn http/1.1';
	const scheme = 'http-request set-header X-Forwarded-Proto https';
	const { url, port, said } = await haproxyWith(t, `global\nnbthread 1\n${haproxyRecipe([
		[bind, `${tls ? `bind fd@3 ssl crt ${certificate().both} alpn http/1.1` : 'bind fd@3'}\n${hasRule ? rule('http-request deny if { path /metrics }') : ''}`],
		[scheme, bare ? '' : scheme],
		['server one 127.0.0.1:8080 check port 9080', `${more}\nserver one 127.0.0.1:${server.port} check port ${opsPort(server)}`],
	])}`);
	return { ...target(url, port, tls), said };
}

async function nginx(t, server, { tls = true, rule: hasRule = false } = {}) {
	const files = tls ? certificate() : undefined;
	const { url, port, said } = await nginxFor(t, (address) => nginxRecipe([
		['server 127.0.0.1:8080;', `server 127.0.0.1:${server.port};`],
		['listen 443 ssl;', `listen ${address}${tls ? ' ssl' : ''};`],
		['ssl_certificate /etc/nginx/chat.pem;', tls ? `ssl_certificate ${files.cert};` : ''],
		['ssl_certificate_key /etc/nginx/chat.key;', tls ? `ssl_certificate_key ${files.key};` : ''],
		['location / {', `${hasRule ? rule('location = /metrics { deny all; }') : ''}\nlocation / {`],
	]));
	return { ...target(url, port, tls), said };
}

function target(plain, port, tls) {
	const url = tls ? plain.replace('http:', 'https:') : plain;
	return { url, port, wsUrl: `${url.replace('http', 'ws')}/ws` };
}

// Each proxy with the name that a test gives it. In the second one HAProxy lets every client use every connection to the server, which is an attacker's best case.
export const PROXIES = {
	HAProxy: haproxy,
	'HAProxy with http-reuse always': (t, server, options) => haproxy(t, server, { ...options, more: 'http-reuse always' }),
	nginx,
};
