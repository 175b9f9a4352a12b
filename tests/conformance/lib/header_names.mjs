// The field names that HTTP parsers know, and every beginning of one that is no such name itself. A parser that walks through a tree of names letter by letter ends inside the tree for these.
const KNOWN = ['Accept', 'Accept-Charset', 'Accept-Encoding', 'Accept-Language', 'Accept-Ranges', 'Access-Control-Allow-Origin', 'Access-Control-Request-Headers', 'Age', 'Allow', 'Authorization', 'Cache-Control', 'Connection', 'Content-Disposition',
	'Content-Encoding', 'Content-Language', 'Content-Length', 'Content-Location', 'Content-Range', 'Content-Type', 'Cookie', 'Date', 'ETag', 'Expect', 'Expires', 'From', 'Host', 'HTTP2-Settings', 'If-Match', 'If-Modified-Since', 'If-None-Match',
	'If-Range', 'If-Unmodified-Since', 'Last-Modified', 'Link', 'Location', 'Max-Forwards', 'Origin', 'Pragma', 'Proxy-Authenticate', 'Proxy-Authorization', 'Range', 'Referer', 'Refresh', 'Replay-Nonce', 'Retry-After', 'Sec-WebSocket-Accept',
	'Sec-WebSocket-Draft', 'Sec-WebSocket-Extensions', 'Sec-WebSocket-Key', 'Sec-WebSocket-Key1', 'Sec-WebSocket-Nonce', 'Sec-WebSocket-Origin', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Version', 'Server', 'Set-Cookie', 'Strict-Transport-Security', 'TE',
	'Transfer-Encoding', 'Upgrade', 'User-Agent', 'Vary', 'Via', 'WWW-Authenticate', 'X-Auth-Token', 'X-Forwarded-For', 'X-Real-IP'];

const known = new Set(KNOWN.map((name) => name.toLowerCase()));
// Such a parser reads these as a method or a version and not as a field's name. A beginning of them is a name.
const LINE_WORDS = ['Get', 'Post', 'Options', 'Head', 'Connect', 'Put', 'Delete', 'Patch', 'Proxy', 'Uri-Args', 'HTTP'];

export const PREFIXES = [...new Map([...KNOWN, ...LINE_WORDS].flatMap((name) => Array.from({ length: name.length - 1 }, (_, i) => name.slice(0, i + 1)))
	.filter((prefix) => !known.has(prefix.toLowerCase())).map((prefix) => [prefix.toLowerCase(), prefix])).values()];

// Fields that change nothing with any value, for a test of the whole name.
export const WHOLE_NAMES = ['Accept', 'Accept-Charset', 'Accept-Encoding', 'Accept-Language', 'Cache-Control', 'Cookie', 'Date', 'From', 'If-Match', 'If-Modified-Since', 'If-None-Match', 'If-Range', 'Link', 'Max-Forwards', 'Pragma', 'Proxy-Authorization',
	'Range', 'Referer', 'User-Agent', 'Via', 'X-Auth-Token', 'X-Forwarded-For', 'X-Real-IP'];
