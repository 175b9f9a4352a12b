"""The golden examples as files, and bad requests: those that follow from the schemas, and those that are written by hand."""

import json
import shutil

from .fields import SchemaError


def on_the_wire(message):
    return json.dumps(message, separators=(',', ':'), ensure_ascii=False)


def golden(protocol):
    """{file name without .json: message}"""
    found = {}
    for one in (*protocol.commands, *protocol.events):
        for key, example in one.examples.items():
            found[f'{one.name}.{key}'] = example
    for example in protocol.shapes['error.json']['examples']:
        found[f'error.{example["data"]["code"]}'] = example
    found['hello'] = protocol.shapes['hello.json']['examples'][0]
    return found


MUST_BE = {'text': 'must be a string', 'id_text': 'must be a string', 'id': 'must be a string', 'id_or_name': 'must be a string', 'number': 'must be an integer',
           'flag': 'must be true or false', 'cursors': 'must be an object', 'list': 'must be an array'}
AN_ID = '6a1d3c50-8a39-4c51-a3a7-90a1c6d2e001'
SAMPLES = {'text': 'x', 'id': AN_ID, 'id_text': AN_ID, 'id_or_name': 'general', 'flag': True, 'any': 1, 'cursors': {}}
UNITS = {'cursors': 'rooms', 'list': 'values'}


def sample(field):
    """A valid value."""
    if field.kind == 'list':
        return [sample(field.item)]
    return {'number': max(field.least, 1), 'choice': (field.choices or [None])[0]}.get(field.kind, SAMPLES.get(field.kind))


def wrong_type(field):
    return {'flag': 'yes', 'number': '1', 'list': {}}.get(field.kind, [])


def must_be(field):
    return field.choices_say() if field.kind == 'choice' else MUST_BE[field.kind]


def most_of(field, limits):
    return limits[field.limit].default if field.limit else field.most


def too_much(field, most):
    """(why, a value that is larger than `most` allows, its size, whether the schema refuses it too) for each sort of it."""
    told = field.limit is None
    if field.kind in ('text', 'id_or_name'):
        n_letters = most // 2 + 1
        return [('long', 'x' * (most + 1), most + 1, told), ('long-bytes', 'ä' * n_letters, 2 * n_letters, False)]
    if field.kind == 'any':
        return [('large', 'x' * (most - 1), most + 1, False)]
    if field.kind == 'cursors':
        return [('large', {f'{i:08x}-0000-4000-8000-000000000000': 1 for i in range(most + 1)}, most + 1, False)]
    return [('large', [sample(field.item)] * (most + 1), most + 1, told)]


def too_large(field, n, most):
    if field.people_say:
        return f'{field.people_say} is too long: it has {n} bytes, and may have {most}'
    limit = f'the limit ({field.limit})' if field.limit else 'the limit'
    return f'data.{field.name}: {n} {UNITS.get(field.kind, "bytes")}; {limit} is {most}'


def faults_of_member(field, limits):
    """(why, value, code, message, whether the schema refuses it too) for each way in which a value of this member can be bad."""
    most = most_of(field, limits)
    bad = lambda why, value, sentence, told=True: (why, value, 'invalid_request', f'data.{field.name}: {sentence}', told)
    if field.kind != 'any':
        yield bad('wrong-type', wrong_type(field), must_be(field))
    if field.kind in ('text', 'id_or_name') and field.least:
        yield ('empty', '', 'invalid_request', f'{field.people_say} must not be empty' if field.people_say else f'data.{field.name}: must not be empty', True)
    if field.kind in ('id', 'id_text'):
        yield bad('form', 'no-id', 'must be a UUID')
    if field.kind == 'choice':
        yield bad('unknown', 'no-' + field.choices[0], must_be(field))
    if field.kind == 'number':
        between = f'must be between {field.least} and {most}'
        yield bad('real', 1.5, must_be(field))
        yield bad('small', field.least - 1, between)
        yield bad('large', most + 1, between, field.limit is None)
    if field.kind == 'list':
        yield ('item-wrong-type', [sample(field.item), wrong_type(field.item)], 'invalid_request', f'data.{field.name}[1]: {must_be(field.item)}', True)
    if field.is_sized:
        for why, value, n, told in too_much(field, most):
            yield (why, value, 'too_large', too_large(field, n, most), told)


def bad_request(command, data, code, message, field, told):
    frame = {'type': command.name, 'data': data}
    return {'frame': on_the_wire(frame), 'code': code, 'message_has': message, 'field': field, 'schema_refuses': told}


def excludes(command, one, other):
    return one != other and any('most' in rule and one in rule['members'] and other in rule['members'] for rule in command.together)


def faults_together(command, base):
    by_name = {field.name: field for field in command.fields}
    for rule in command.together:
        members = rule['members']
        without = {name: value for name, value in base.items() if name not in members}
        if 'least' in rule:
            yield f'without-{"-".join(members)}', without, members[0], rule['say']
        else:
            for i, one in enumerate(members):
                for other in members[i + 1:]:
                    yield f'{one}-and-{other}', {**without, one: sample(by_name[one]), other: sample(by_name[other])}, one, rule['say']


def bad_requests(protocol):
    """{file name without .json: what to send and what to expect}: all that follows from the schemas."""
    found = {}
    for command in protocol.commands:
        example = command.examples['request'].get('data', {})
        for field in command.fields:
            base = {name: value for name, value in example.items() if not excludes(command, field.name, name)}
            if field.required:
                without = {name: value for name, value in base.items() if name != field.name}
                for why, data in (('missing', without), ('null', {**base, field.name: None})):
                    found[f'{command.name}.{field.name}-{why}'] = bad_request(command, data, 'invalid_request', f'data.{field.name}: required', field.name, True)
            for why, value, code, message, told in faults_of_member(field, protocol.limits):
                found[f'{command.name}.{field.name}-{why}'] = bad_request(command, {**base, field.name: value}, code, message, field.name, told)
        for why, data, field, say in faults_together(command, example):
            found[f'{command.name}.{why}'] = bad_request(command, data, 'invalid_request', f'data.{field}: {say}', field, True)
    return found


def write_folder(protocol, folder, by_hand):
    """folder/NAME.json: one message as on the wire. folder/invalid/NAME.json: a bad request; those in by_hand/invalid are copied.

    Returns the list of files, for a stamp."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / 'invalid').mkdir(parents=True)
    for name, message in golden(protocol).items():
        (folder / f'{name}.json').write_text(on_the_wire(message) + '\n', encoding='utf-8')
    made = bad_requests(protocol)
    for name, bad in made.items():
        (folder / 'invalid' / f'{name}.json').write_text(json.dumps(bad, ensure_ascii=False) + '\n', encoding='utf-8')
    for path in sorted((by_hand / 'invalid').glob('*.json')):
        if path.stem in made:
            raise SchemaError(f'examples/invalid/{path.name}: is made from the schema as well')
        shutil.copyfile(path, folder / 'invalid' / path.name)
    return ''.join(f'{path.relative_to(folder)}\n' for path in sorted(folder.glob('**/*.json')))
