"""All schemas in one JSON document, as clients want them: each is a JSON Schema (2020-12) of its own name in $defs.

NAME.request.json and NAME.reply.json are the data of a command's request and of its reply, NAME.event.json is a whole event. What only the decoder
needs is left out. What the decoder does besides the schema's keywords (limits that an operator sets, rules over several members) is said in keywords or words.
"""

import json

DIALECT = 'https://json-schema.org/draft/2020-12/schema'
LEFT_OUT = ('$schema', 'x-kind', 'x-without-limit', 'x-people-say', 'x-prefix', 'examples')

DOCUMENTS = {'asyncapi': 'asyncapi.yaml', 'typescript': 'protocol.ts', 'reference': 'reference.md'}


def sentences(*parts):
    return ' '.join(part for part in parts if part)


def described(field_schema, types):
    """Tells a member's default and its limit behind its description."""
    whole = {**types.get(field_schema.get('$ref'), {}), **field_schema}
    parts = [field_schema.get('description') or ('' if '$ref' in field_schema else whole.get('description', ''))]
    if 'default' in whole:
        parts.append(f'Default {json.dumps(whole["default"]).strip(chr(34))}.')
    if 'x-limit' in whole:
        parts.append(f'At most {whole["x-limit"]}.')
    return sentences(*parts)


def for_clients(value, types, is_member=False):
    if isinstance(value, list):
        return [for_clients(entry, types) for entry in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, entry in value.items():
        if key in ('enum', 'const', 'default', 'required'):
            made[key] = entry
        elif key == 'properties':
            made[key] = {name: for_clients(member, types, True) for name, member in entry.items()}
        elif key not in LEFT_OUT and key != 'x-together':
            made[key] = for_clients(entry, types)
    if is_member and (text := described(value, types)):
        made['description'] = text
    return made


def rules(together):
    """The rules over several members in keywords of JSON Schema."""
    every = []
    for rule in together:
        members = rule['members']
        if 'least' in rule:
            every.append({'anyOf': [{'required': [name]} for name in members]})
        else:
            every += [{'not': {'required': [one, other]}} for i, one in enumerate(members) for other in members[i + 1:]]
    return {'allOf': every} if every else {}


def data_schema(data, types):
    made = for_clients(data, types)
    return made if '$ref' in made else {'type': 'object', 'properties': {}, **made}


def event_schema(event, types):
    """A whole event: the members around the data are the same for all."""
    properties = {'type': {'const': event.name}, **event.envelope, 'data': data_schema(event.data, types)}
    return {'type': 'object', 'properties': properties, 'required': list(properties)}


def schemas(protocol):
    """{file name: schema}"""
    types = protocol.types
    made = {name: for_clients(schema, types) for name, schema in (*protocol.shapes.items(), *types.items())}
    for c in protocol.commands:
        parley = {'access': c.access, 'answers': c.answers, 'on_lost_connection': c.on_lost_connection, 'errors': c.errors}
        made[f'{c.name}.request.json'] = {'title': f'{c.name}: data of the request', 'description': c.description, 'x-parley': parley,
                                          **data_schema(c.request, types), **rules(c.together)}
        made[f'{c.name}.reply.json'] = {'title': f'{c.name}: data of the reply', **data_schema(c.reply, types)}
    for event in protocol.events:
        parley = {'is_remembered': event.is_remembered, 'to': event.to}
        made[f'{event.name}.event.json'] = {'title': event.name, 'description': event.description, 'x-parley': parley, **event_schema(event, types)}
    return {name: {'$id': name, **{key: value for key, value in made[name].items() if key != '$id'}} for name in sorted(made)}


def text(protocol):
    document = {
        '$schema': DIALECT,
        '$id': 'schema.json',
        'title': 'The Parley protocol, version 1',
        'x-parley': {'documents': DOCUMENTS},
        '$defs': schemas(protocol),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + '\n'
