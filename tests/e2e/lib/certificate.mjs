// Certificates for tests, made by the openssl program.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

// Kinds of keys.
export const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
export const RSA = ['rsa:2048'];

// `alternatives`: what it is for. Signed by the authority {cert, key}, or by itself: then it is its own.
export function makeCertificate(name, certFile, keyFile, { alternatives = 'IP:127.0.0.1', kind = EC, authority } = {}) {
	const signedBy = authority ? ['-CA', authority.cert, '-CAkey', authority.key] : [];
	execFileSync('openssl', ['req', '-x509', '-newkey', ...kind, '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-addext', `subjectAltName=${alternatives}`, '-keyout', keyFile, '-out', certFile, ...signedBy], { stdio: 'ignore' });
}

// One of an authority that was valid in the year 2020: `openssl req` makes none that has ended.
export function makeExpiredCertificate(name, certFile, keyFile, { alternatives = 'IP:127.0.0.1', kind = EC, authority }) {
	const [request, database, serial, settings] = [`${certFile}.csr`, `${certFile}.index`, `${certFile}.serial`, `${certFile}.cnf`];
	writeFileSync(database, '');
	writeFileSync(serial, '2020\n');
	writeFileSync(settings, ['[ca]', 'default_ca = one', '[one]', `database = ${database}`, `serial = ${serial}`, 'policy = any', `new_certs_dir = ${dirname(certFile)}`, 'default_md = sha256', 'copy_extensions = copy',
		'[any]', 'commonName = supplied', ''].join('\n'));
	execFileSync('openssl', ['req', '-new', '-newkey', ...kind, '-nodes', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${alternatives}`, '-keyout', keyFile, '-out', request], { stdio: 'ignore' });
	execFileSync('openssl', ['ca', '-batch', '-config', settings, '-cert', authority.cert, '-keyfile', authority.key, '-startdate', '20200101000000Z',
		'-enddate', '20210101000000Z', '-notext', '-in', request, '-out', certFile], { stdio: 'ignore' });
}
