"""The reference in words: one section for each command and each event."""

import json
import re

from . import bundle

BEGINNING = """# The Parley protocol, version 1: reference

Generated from `protocol/schema/` by `protocol/generate.py`. PROTOCOL.md explains what is only listed here.
"""
ACCESS = {'anyone': 'Also before signing in.', 'user': 'For who is signed in.', 'member': 'For members of the room.', 'operator': "Only over the operator's socket."}
LOST = {'repeat': 'When the answer was lost, make the same request again.',
        'repeat_with_client_id': 'When the answer was lost, make the same request again if it has a `client_id`.',
        'fail': 'When the answer was lost, do not repeat it: it would do something twice, or be refused because it was done.'}
TO = {'room': 'Sent to the members of the room.', 'server': 'Handed to consumers of the server\'s owners.', 'account': 'Sent to all connections of one account.', 'connection': 'Sent to one connection.'}


def anchor(name):
    return name.replace('.', '').lower()


def type_of(schema):
    """What a member is, in a few words."""
    if '$ref' in schema:
        name = schema['$ref'][len('type.'):-len('.json')]
        return f'[{name.replace("_", " ")}](#{anchor("type-" + name)})'
    if 'enum' in schema:
        return ', '.join(f'`{value}`' for value in schema['enum'])
    if 'const' in schema:
        return f'`{schema["const"]}`'
    if schema.get('type') == 'array':
        return f'list of {type_of(schema["items"])}'
    if isinstance(schema.get('additionalProperties'), dict):
        return f'object of {type_of(schema["additionalProperties"])}'
    return schema.get('type', 'any JSON')


def bounds(schema):
    parts = []
    if 'maximum' in schema:
        parts.append(f'{schema.get("minimum", 0)} to {schema["maximum"]}')
    elif 'minimum' in schema:
        parts.append(f'{schema["minimum"]} or more')
    if schema.get('minLength') == 1 and 'maxLength' not in schema:
        parts.append('not empty')
    if 'maxLength' in schema:
        parts.append(f'{schema.get("minLength", 0)} to {schema["maxLength"]} bytes')
    if 'maxItems' in schema:
        parts.append(f'at most {schema["maxItems"]}')
    return f' ({", ".join(parts)})' if parts else ''


def description(member, limits):
    """With the limits as links, and their defaults."""
    found = re.fullmatch(r'(.*)At most (\w+)\.', member.get('description', ''))
    if not found or found[2] not in limits:
        return member.get('description', '')
    limit = limits[found[2]]
    return f'{found[1]}At most [`{limit.name}`](#limits) ({limit.default} {limit.unit} by default).'


def members_table(schema, limits):
    if '$ref' in schema:
        return f'{type_of(schema)}\n'
    if not schema.get('properties'):
        return 'None.\n'
    rows = ['| member | required | type | description |', '|---|---|---|---|']
    for name, member in schema['properties'].items():
        needed = 'yes' if name in schema.get('required', []) else ''
        rows.append(f'| `{name}` | {needed} | {type_of(member)}{bounds(member)} | {description(member, limits)} |')
    return '\n'.join(rows) + '\n'


def examples(of):
    return '```json\n' + '\n'.join(json.dumps(example, separators=(',', ':'), ensure_ascii=False) for example in of.values()) + '\n```\n'


def rule_sentences(command):
    return ''.join(f'\nOf {", ".join(f"`{name}`" for name in rule["members"])}: {rule["say"]}.\n' for rule in command.together)


def command_section(command, schemas, limits):
    answers = ' The answer may be a large page.' if command.answers == 'page' else ''
    errors = ', '.join(f'[`{code}`](#errors)' for code in command.errors) or 'none of its own'
    return '\n'.join([
        f'### {command.name}\n', f'{command.description} {ACCESS[command.access]}{answers} {LOST[command.on_lost_connection]}\n',
        'Request:\n', members_table(schemas[f'{command.name}.request.json'], limits) + rule_sentences(command),
        'Reply:\n', members_table(schemas[f'{command.name}.reply.json'], limits),
        f'Errors: {errors}.\n', examples(command.examples)])


def event_section(event, schemas, limits):
    kept = 'Remembered: it has an `id` and a `seq`.' if event.is_remembered else 'Not remembered.'
    return '\n'.join([f'### {event.name}\n', f'{event.description} {TO[event.to]} {kept}\n',
                      members_table(schemas[f'{event.name}.event.json']['properties']['data'], limits), examples(event.examples)])


def type_section(file, schema, limits):
    name = file[:-len('.json')].replace('type.', 'type-')
    words = '. '.join(part for part in (schema.get('title'), schema.get('description')) if part)
    what = members_table(schema, limits) if schema.get('type') == 'object' else f'{type_of(schema)}{bounds(schema)}\n'
    return f'### {name}\n\n{words}\n\n{what}'


def tables(protocol):
    errors = [f'| `{e.code}` | {e.status} | {"yes" if e.retryable else ""} | {e.message} |' for e in protocol.errors.values()]
    limits = [f'| `{limit.name}` | {limit.default or "none"} | {limit.unit} | {limit.meaning} |' for limit in protocol.limits.values()]
    return '\n'.join([
        '## Errors\n', 'Besides those that a section names, any request may be answered `rate_limited`, `unavailable` or `internal`, and one that is no JSON '
        'or too large `invalid_json` or `too_large`.\n', '| code | HTTP | retryable | |', '|---|---|---|---|', *errors,
        '\n## Limits\n', 'A server tells its own in `hello`.\n', '| limit | default | unit | |', '|---|---|---|---|', *limits]) + '\n'


def text(protocol):
    schemas = bundle.schemas(protocol)
    return '\n'.join([
        BEGINNING, '## Commands\n', *(command_section(command, schemas, protocol.limits) for command in protocol.commands),
        '## Events\n', *(event_section(event, schemas, protocol.limits) for event in protocol.events),
        '## Types\n', *(type_section(file, schemas[file], protocol.limits) for file in protocol.types), tables(protocol)])
