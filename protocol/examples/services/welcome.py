#!/usr/bin/env python3
"""A service that hears of sign-ups: it writes each into a customer file and posts a welcome through an incoming webhook.

  SECRET=whsec_… HOOK=http://127.0.0.1:8080/hooks/TOKEN PORT=3000 protocol/examples/services/welcome.py customers.csv

It answers 2xx only after the line is on disk, so a line that is not there comes again. What came before is known by the event's id, which is the line's first column.
"""

import base64
import csv
import hashlib
import hmac
import http.server
import json
import os
import sys
import time
import urllib.request

KEY = base64.b64decode(os.environ['SECRET'].removeprefix('whsec_'))
HOOK = os.environ['HOOK']
PATH = sys.argv[1] if len(sys.argv) > 1 else 'customers.csv'


def is_signed(headers, body):
    event_id, at, signatures = (headers.get(f'webhook-{name}', '') for name in ('id', 'timestamp', 'signature'))
    wanted = 'v1,' + base64.b64encode(hmac.digest(KEY, f'{event_id}.{at}.'.encode() + body, hashlib.sha256)).decode()
    return at.isdigit() and abs(time.time() - int(at)) < 300 and any(hmac.compare_digest(wanted.encode(), one.encode()) for one in signatures.split(' '))


def is_known(event_id):
    try:
        with open(PATH, newline='', encoding='utf-8') as file:
            return any(row and row[0] == event_id for row in csv.reader(file))
    except FileNotFoundError:
        return False


def sign_up(event):
    user = event['data']['user']
    # The hook takes the id of a repetition and posts it once, so the welcome may go first.
    welcome = urllib.request.Request(HOOK, json.dumps({'text': f'Welcome, {user["name"]}!'}).encode(), {'Content-Type': 'application/json', 'webhook-id': event['id']})
    urllib.request.urlopen(welcome, timeout=10).close()
    if not is_known(event['id']):
        with open(PATH, 'a', newline='', encoding='utf-8') as file:
            csv.writer(file).writerow([event['id'], event['timestamp'], user['id'], user['name']])
            file.flush()
            os.fsync(file.fileno())


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length', 0)))
        if not is_signed(self.headers, body):
            return self.answer(401)
        event = json.loads(body)
        if event['type'] == 'user.created':
            try:
                sign_up(event)
            except OSError as error:
                print(f'not done yet: {error}', file=sys.stderr, flush=True)
                return self.answer(503)
        return self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()


if __name__ == '__main__':
    server = http.server.HTTPServer(('127.0.0.1', int(os.environ.get('PORT', '3000'))), Receiver)
    print(f'listening on http://127.0.0.1:{server.server_port}/', flush=True)
    server.serve_forever()
