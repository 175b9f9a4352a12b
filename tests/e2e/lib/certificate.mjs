// Certificates for tests, made by the openssl program.
import { execFileSync } from 'node:child_process';

// Kinds of keys.
export const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
export const RSA = ['rsa:2048'];

// `alternatives`: what it is for. Signed by the authority {cert, key}, or by itself: then it is its own.
export function makeCertificate(name, certFile, keyFile, { alternatives = 'IP:127.0.0.1', kind = EC, authority } = {}) {
	const signedBy = authority ? ['-CA', authority.cert, '-CAkey', authority.key] : [];
	execFileSync('openssl', ['req', '-x509', '-newkey', ...kind, '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-addext', `subjectAltName=${alternatives}`, '-keyout', keyFile, '-out', certFile, ...signedBy], { stdio: 'ignore' });
}
