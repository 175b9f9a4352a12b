"""Reads protocol/schema/ and refuses schemas that contradict themselves. The makers of outputs rely on that and check nothing.

A file NAME.json with a dot in NAME is a command, NAME.event.json an event, type.NAME.json a JSON Schema that others refer to; hello.json and the
like, which are neither, are the shapes around them. protocol/schema/README.md tells what they hold.
"""

import json
import re

from . import tables
from .fields import SchemaError, fields_of

ACCESS = ('anyone', 'user', 'member', 'operator')
ANSWERS = ('short', 'page')
ON_LOST_CONNECTION = ('fail', 'repeat', 'repeat_with_client_id')
TO = ('room', 'server', 'account', 'connection')
FIRST_NOT_REMEMBERED = 100  # stored numbers are below
NOTICE_NUMBER = 99  # what the server's own log is made of, which no schema tells
COMMAND_NAME = re.compile(r'[a-z]+(\.[a-z_]+)+')
SHAPES = ('request', 'ok', 'error', 'hello')
EVENT_MEMBERS = {'id': 'type.uuid.json', 'timestamp': 'type.timestamp.json', 'room': 'type.uuid.json', 'seq': 'type.seq.json'}


def no_member_twice(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'{name} is given twice')
    return dict(pairs)


def only_keys(file, where, value, *allowed):
    if not isinstance(value, dict):
        raise SchemaError(f'{file}: {where}: must be an object')
    for key in value:
        if key not in allowed:
            raise SchemaError(f'{file}: {where}: there is no {key}; {", ".join(allowed)} are known')


def one_of(file, parley, key, choices):
    if parley.get(key) not in choices:
        raise SchemaError(f'{file}: x-parley: {key} must be one of {", ".join(choices)}')
    return parley[key]


class Command:
    def __init__(self, name, file, document, protocol):
        only_keys(file, 'the file', document, 'description', 'x-parley', 'request', 'reply', 'examples')
        parley = document.get('x-parley', {})
        only_keys(file, 'x-parley', parley, 'access', 'answers', 'on_lost_connection', 'errors')
        self.name, self.file, self.ident = name, file, name.replace('.', '_')
        self.symbol = 'CMD_' + self.ident.upper()
        self.description = document.get('description', '')
        self.request, self.reply, self.examples = document.get('request', {}), document.get('reply', {}), document.get('examples', {})
        self.access = one_of(file, parley, 'access', ACCESS)
        self.answers = one_of(file, parley, 'answers', ANSWERS)
        self.on_lost_connection = one_of(file, parley, 'on_lost_connection', ON_LOST_CONNECTION)
        self.fields, self.together = fields_of(file, self.request, protocol.types, protocol.limits)
        self.errors = self.all_errors(parley.get('errors', []), protocol)
        self.check_members()
        check_examples(file, self.examples, ('request', 'reply'), lambda shape: name if shape == 'request' else 'ok')

    def all_errors(self, own, protocol):
        """The errors that the file names, and those that follow from the rest of it; in the order of the table."""
        for code in own:
            if code not in protocol.errors:
                raise SchemaError(f'{self.file}: x-parley: errors: there is no {code}')
        codes = set(own)
        if self.fields:
            codes.add('invalid_request')
        if any(field.is_sized for field in self.fields):
            codes.add('too_large')
        codes |= {'anyone': set(), 'user': {'unauthenticated'}, 'member': {'unauthenticated', 'forbidden', 'not_found'}, 'operator': {'forbidden'}}[self.access]
        return [code for code in protocol.errors if code in codes]

    def check_members(self):
        by_name = {field.name: field for field in self.fields}
        room = by_name.get('room')
        if self.access == 'member' and not (room and room.kind == 'id_or_name' and room.required):
            raise SchemaError(f'{self.file}: room: access is member, so this has to be a required member of type.room_ref.json')
        if room and room.kind == 'id_or_name' and self.fields[0] is not room:
            raise SchemaError(f'{self.file}: room: has to be the first member, where the server looks for it')
        client_id = by_name.get('client_id')
        if self.on_lost_connection == 'repeat_with_client_id' and not (client_id and client_id.kind == 'id'):
            raise SchemaError(f'{self.file}: client_id: on_lost_connection is repeat_with_client_id, so this has to be a member of type.uuid.json')


class Event:
    def __init__(self, name, file, document):
        only_keys(file, 'the file', document, 'description', 'x-parley', 'data', 'examples')
        parley = document.get('x-parley', {})
        only_keys(file, 'x-parley', parley, 'number', 'to', 'has_room')
        self.name, self.file, self.symbol = name, file, 'EVENT_' + name.replace('.', '_').upper()
        self.description, self.data, self.examples = document.get('description', ''), document.get('data', {}), document.get('examples', {})
        self.number, self.to = parley.get('number'), one_of(file, parley, 'to', TO)
        if type(self.number) is not int or self.number < 1:
            raise SchemaError(f'{file}: x-parley: number must be an integer above 0')
        if self.number == NOTICE_NUMBER:
            raise SchemaError(f'{file}: x-parley: number {NOTICE_NUMBER} is that of the notices in the server\'s own log')
        self.is_remembered = self.number < FIRST_NOT_REMEMBERED
        if self.is_remembered and (self.to not in ('room', 'server') or 'has_room' in parley):
            raise SchemaError(f'{file}: x-parley: numbers below {FIRST_NOT_REMEMBERED} are of events that are remembered: to must be room or server, and has_room not be there')
        if self.to == 'server' and not self.is_remembered:
            raise SchemaError(f'{file}: x-parley: server-wide events are remembered: the number must be below {FIRST_NOT_REMEMBERED}')
        skipped = set() if self.is_remembered else {'id', 'seq'}
        if self.to == 'server' or not parley.get('has_room', True):
            skipped.add('room')
        self.envelope = {member: {'$ref': ref} for member, ref in EVENT_MEMBERS.items() if member not in skipped}
        check_examples(file, self.examples, ('event',), lambda shape: name)


def check_examples(file, examples, shapes, type_of):
    for shape in shapes:
        if shape not in examples:
            raise SchemaError(f'{file}: examples: there is no {shape}')
    for key, example in examples.items():
        shape = key.partition('-')[0]
        if shape not in shapes:
            raise SchemaError(f'{file}: examples: {key} is none of {", ".join(shapes)}')
        if not isinstance(example, dict) or example.get('type') != type_of(shape):
            raise SchemaError(f'{file}: examples: {key}: the type must be {type_of(shape)}')


class Protocol:
    """commands and events by name, types and shapes by file name, limits and errors by name."""

    def __init__(self, folder, codec):
        self.files = sorted(folder.glob('*.json'))
        self.limits = tables.limits(codec)
        self.errors = tables.wire_errors(codec)
        documents = {path.name: self.read(path) for path in self.files}
        self.types = {name: document for name, document in documents.items() if name.startswith('type.')}
        self.shapes = {f'{name}.json': documents[f'{name}.json'] for name in SHAPES if f'{name}.json' in documents}
        self.commands, self.events = [], []
        for file, document in documents.items():
            name = file[:-len('.json')]
            if file in self.types or file in self.shapes:
                if document.get('$id') != file:
                    raise SchemaError(f'{file}: $id: must be the name of the file')
            elif name.endswith('.event'):
                self.events.append(Event(name[:-len('.event')], file, document))
            elif COMMAND_NAME.fullmatch(name):
                self.commands.append(Command(name, file, document, self))
            else:
                raise SchemaError(f'{file}: this name is neither a command, nor an event, nor a type')
        self.events.sort(key=lambda event: event.number)
        self.check_whole(documents)

    @staticmethod
    def read(path):
        try:
            return json.loads(path.read_text(encoding='utf-8'), object_pairs_hook=no_member_twice)
        except ValueError as error:
            raise SchemaError(f'{path.name}: this is not JSON: {error}') from error

    def check_whole(self, documents):
        for one, next_one in zip(self.events, self.events[1:]):
            if one.number == next_one.number:
                raise SchemaError(f'{next_one.file}: x-parley: number {one.number} is that of {one.name}')
        for file, document in documents.items():
            self.check_references(file, '', document)
        self.check_same('error.json', 'code', self.error_codes(), self.errors)
        self.check_same('error.json', 'examples', self.error_examples(), self.errors)
        self.check_same('hello.json', 'limits', self.told_limits(), self.limits)

    def check_references(self, file, where, value):
        if isinstance(value, list):
            for entry in value:
                self.check_references(file, where, entry)
        elif isinstance(value, dict):
            if isinstance(value.get('$ref'), str) and value['$ref'] not in self.types:
                raise SchemaError(f'{file}: {where}: there is no {value["$ref"]}')
            for key, entry in value.items():
                if key not in ('examples', 'default', 'const', 'enum'):
                    self.check_references(file, key, entry)

    def error_codes(self):
        return self.shapes['error.json']['properties']['data']['properties']['code']['enum'] if 'error.json' in self.shapes else None

    def error_examples(self):
        return [example['data']['code'] for example in self.shapes['error.json']['examples']] if 'error.json' in self.shapes else None

    def told_limits(self):
        return self.shapes['hello.json']['properties']['data']['properties']['limits']['properties'] if 'hello.json' in self.shapes else None

    @staticmethod
    def check_same(file, member, told, table):
        for name in sorted(set(told) ^ set(table)) if told is not None else []:
            raise SchemaError(f'{file}: {member}: {name} is in one of this file and the table of the codec')
