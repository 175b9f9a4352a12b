"""The reference in words: one section for each command and each event."""

import json

from . import bundle

BEGINNING = """# The Parley protocol, version 1: reference

Generated from `protocol/schema/` by `protocol/generate.py`. PROTOCOL.md explains what
is only listed here.
"""
ACCESS = {'anyone': 'Also before signing in.', 'user': 'For who is signed in.', 'member': 'For members of the room.', 'operator': "Only over the operator's socket."}
LOST = {'repeat': 'When the answer was lost, make the same request again.',
        'repeat_with_client_id': 'When the answer was lost, make the same request again if it has a `client_id`.',
        'fail': 'When the answer was lost, do not repeat it: it would do something twice, or be refused because it was done.'}
TO = {'room': 'Sent to the members of the room.', 'account': 'Sent to all connections of one account.', 'connection': 'Sent to one connection.'}


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
    if 'minimum' in schema or 'maximum' in schema:
        parts.append(f'{schema.get("minimum", "")} to {schema.get("maximum", "")}'.strip())
    if schema.get('minLength') == 1 and 'maxLength' not in schema:
        parts.append('not empty')
    if 'maxLength' in schema:
        parts.append(f'{schema.get("minLength", 0)} to {schema["maxLength"]} bytes')
    if 'maxItems' in schema:
        parts.append(f'at most {schema["maxItems"]}')
    return f' ({", ".join(parts)})' if parts else ''


def members_table(schema):
    if '$ref' in schema:
        return f'{type_of(schema)}\n'
    if not schema.get('properties'):
        return 'None.\n'
    rows = ['| member | | what it is | |', '|---|---|---|---|']
    for name, member in schema['properties'].items():
        needed = 'required' if name in schema.get('required', []) else ''
        rows.append(f'| `{name}` | {needed} | {type_of(member)}{bounds(member)} | {member.get("description", "")} |')
    return '\n'.join(rows) + '\n'


def examples(of):
    return '```json\n' + '\n'.join(json.dumps(example, separators=(',', ':'), ensure_ascii=False) for example in of.values()) + '\n```\n'


def rule_sentences(command):
    return ''.join(f'\nOf {", ".join(f"`{name}`" for name in rule["members"])}: {rule["say"]}.\n' for rule in command.together)


def command_section(command, schemas):
    answers = ' The answer may be a large page.' if command.answers == 'page' else ''
    errors = ', '.join(f'[`{code}`](#errors)' for code in command.errors) or 'none of its own'
    return '\n'.join([
        f'### {command.name}\n', f'{command.description} {ACCESS[command.access]}{answers} {LOST[command.on_lost_connection]}\n',
        'Request:\n', members_table(schemas[f'{command.name}.request.json']) + rule_sentences(command),
        'Reply:\n', members_table(schemas[f'{command.name}.reply.json']),
        f'Errors: {errors}.\n', examples(command.examples)])


def event_section(event, schemas):
    kept = 'Remembered: it has an `id` and a `seq`.' if event.is_remembered else 'Not remembered.'
    return '\n'.join([f'### {event.name}\n', f'{event.description} {TO[event.to]} {kept}\n',
                      members_table(schemas[f'{event.name}.event.json']['properties']['data']), examples(event.examples)])


def type_section(file, schema):
    name = file[:-len('.json')].replace('type.', 'type-')
    words = '. '.join(part for part in (schema.get('title'), schema.get('description')) if part)
    what = members_table(schema) if schema.get('type') == 'object' else f'{type_of(schema)}{bounds(schema)}\n'
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
        BEGINNING, '## Commands\n', *(command_section(command, schemas) for command in protocol.commands),
        '## Events\n', *(event_section(event, schemas) for event in protocol.events),
        '## Types\n', *(type_section(file, schemas[file]) for file in protocol.types), tables(protocol)])
