"""The members of a request: what a schema says of each, as the decoder needs it.

A member is a JSON Schema of few keywords, or a $ref to a type with annotations beside it. Three annotations are the server's own:
x-kind (what it is decoded to, where the schema alone does not tell), x-limit (a limit of limits.h that bounds it) and x-people-say (what people
call it, where they fill it in).
"""

import re

ANNOTATIONS = ('description', 'title', 'default', 'x-kind', 'x-limit', 'x-without-limit', 'x-people-say', 'x-prefix')
KEYWORDS = ANNOTATIONS + ('type', 'minLength', 'maxLength', 'minimum', 'maximum', 'enum', 'pattern', 'additionalProperties', 'items', 'maxItems', '$schema', '$id')
KINDS_OF_TYPES = {'string': 'text', 'integer': 'number', 'boolean': 'flag', 'array': 'list', None: 'any'}
X_KINDS = {'id_or_name': 'string', 'id': 'string', 'id_text': 'string', 'cursors': 'object'}
LISTED = ('text', 'id', 'id_or_name', 'number', 'choice')
SEQ_MOST = 2**53 - 1  # RFC 8259, section 6
FIELDS_MOST = 64  # the decoder has a bit for each
SAY_MOST = 120  # a message has 200 bytes
C_WORDS = set('auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short '
              'signed sizeof static struct switch typedef union unsigned void volatile while'.split())


class SchemaError(Exception):
    pass


class Field:
    """kind: text, id, id_text, id_or_name, number, flag, choice, any, cursors or list. most: None where nothing but a limit bounds it."""

    def __init__(self, file, name, given, types, limits, is_required, is_item=False):
        self.file, self.name, self.is_item = file, name, is_item
        self.ref = given.get('$ref')
        self.schema = self.merged(given, types)
        schema = self.schema
        for key in schema:
            if key not in KEYWORDS:
                self.refuse(f'the decoder does not know {key}')
        self.required, self.description = is_required, schema.get('description', '')
        self.has_default, self.default = 'default' in schema, schema.get('default')
        self.people_say, self.limit = schema.get('x-people-say'), schema.get('x-limit')
        if self.limit is not None and self.limit not in limits:
            self.refuse(f'there is no limit {self.limit}')
        self.kind = self.find_kind()
        self.least, self.most, self.choices, self.item = 0, None, [], None
        getattr(self, 'read_' + self.kind)(types, limits)
        self.check_default()
        # Whether a bool tells if it was given: an absent text or list is NULL, and an absent member with a default has that default.
        self.has_beside = not is_required and not self.has_default and self.kind in ('id', 'number', 'flag', 'choice')

    @property
    def is_sized(self):
        """Whether its size is bounded, so that it can be refused as too_large."""
        return self.kind in ('text', 'id_or_name', 'any', 'cursors', 'list') and (self.most is not None or self.limit is not None)

    def refuse(self, sentence):
        raise SchemaError(f'{self.file}: {self.name}: {sentence}')

    def merged(self, given, types):
        if self.ref is None:
            return given
        if self.ref not in types:
            self.refuse(f'there is no {self.ref}')
        for key in given:
            if key != '$ref' and key not in ANNOTATIONS:
                self.refuse(f'{key} stands beside $ref; it belongs into the type')
        return {**types[self.ref], **{key: value for key, value in given.items() if key != '$ref'}}

    def find_kind(self):
        json_type, kind = self.schema.get('type'), self.schema.get('x-kind')
        if kind is not None:
            if X_KINDS.get(kind) != json_type:
                self.refuse(f'x-kind {kind} does not go with type {json_type}')
            return kind
        if 'enum' in self.schema:
            return 'choice'
        if json_type not in KINDS_OF_TYPES:
            self.refuse(f'type {json_type} cannot be decoded without x-kind')
        return KINDS_OF_TYPES[json_type]

    def only(self, *keywords):
        for key in self.schema:
            if key not in (*keywords, 'type', 'description', 'title', 'default', 'x-kind', '$schema', '$id'):
                self.refuse(f'{key} does not go with what this is ({self.kind})')

    def integer(self, key, fallback=None):
        value = self.schema.get(key, fallback)
        if value is not None and (type(value) is not int or not 0 <= value <= SEQ_MOST):
            self.refuse(f'{key} must be an integer from 0 to {SEQ_MOST}')
        return value

    def bounded(self, key):
        """`most` is maximum, maxLength or maxItems; x-without-limit is what holds where the operator sets no limit."""
        self.most = self.integer(key)
        without = self.integer('x-without-limit')
        if without is not None and (self.limit is None or self.most is not None):
            self.refuse(f'x-without-limit goes with x-limit, and not with {key}')
        if self.limit is not None and self.most is not None:
            self.refuse(f'{key} and x-limit: one of them would not hold')
        if self.most is None:
            self.most = without
        if self.most is not None and self.most < self.least:
            self.refuse(f'nothing lies between {self.least} and {self.most}')

    def must_be_bounded(self, key):
        self.bounded(key)
        if self.most is None:
            self.refuse(f'needs {key}, or x-limit and x-without-limit')

    def read_text(self, types, limits):
        self.only('minLength', 'maxLength', 'x-limit', 'x-people-say')
        self.least = self.integer('minLength', 0)
        if self.least > 1:
            self.refuse('minLength: the decoder only tells empty texts from others')
        self.bounded('maxLength')
        if self.most == 0:
            self.refuse('maxLength: 0 is no limit for the decoder')

    def read_id_or_name(self, types, limits):
        self.read_text(types, limits)

    def read_id(self, types, limits):
        self.only('pattern')

    def read_id_text(self, types, limits):
        self.only('pattern')

    def read_number(self, types, limits):
        self.only('minimum', 'maximum', 'x-limit', 'x-without-limit')
        self.least = self.integer('minimum', 0)
        self.must_be_bounded('maximum')

    def read_flag(self, types, limits):
        self.only()

    def read_choice(self, types, limits):
        self.only('enum', 'x-prefix')
        self.choices = self.schema['enum']
        if self.schema.get('type') != 'string' or len(self.choices) < 2 or len(set(map(str, self.choices))) < len(self.choices):
            self.refuse('enum: needs two different strings or more')
        for choice in self.choices:
            if not isinstance(choice, str) or not re.fullmatch(r'[a-z][a-z0-9_]*', choice):
                self.refuse(f'enum: {choice!r} is no word of a-z, 0-9 and _')
        if len(self.choices_say()) > SAY_MOST:
            self.refuse(f'enum: the sentence that tells all choices is longer than {SAY_MOST} bytes')

    def read_any(self, types, limits):
        self.only('x-limit')
        if self.limit is None:
            self.refuse('any value needs x-limit')

    def read_cursors(self, types, limits):
        self.only('additionalProperties', 'x-limit', 'x-without-limit')
        if self.schema.get('additionalProperties') != {'$ref': 'type.seq.json'}:
            self.refuse('additionalProperties: cursors are of type.seq.json')
        self.must_be_bounded('maxProperties')

    def read_list(self, types, limits):
        self.only('items', 'maxItems', 'x-limit', 'x-without-limit')
        self.must_be_bounded('maxItems')
        if not isinstance(self.schema.get('items'), dict):
            self.refuse('items: a list says what is in it')
        self.item = Field(self.file, self.name, self.schema['items'], types, limits, True, is_item=True)
        if self.item.kind not in LISTED:
            self.refuse(f'items: a list of {self.item.kind} cannot be decoded')

    def check_default(self):
        if not self.has_default:
            return
        if self.required or self.is_item:
            self.refuse('default: what is required has none')
        fits = {'number': type(self.default) is int and self.least <= self.default and (self.most is None or self.default <= self.most),
                'flag': type(self.default) is bool,
                'choice': self.default in self.choices}.get(self.kind)
        if fits is None:
            self.refuse(f'default: what this is ({self.kind}) has none')
        if not fits:
            self.refuse(f'default: {self.default!r} is none of the values that may be given')

    def choices_say(self):
        quoted = [f'"{choice}"' for choice in self.choices]
        return f'must be {", ".join(quoted[:-1])} or {quoted[-1]}'


def fields_of(file, request, types, limits):
    """The fields of a request in the order of its properties, and its rules over several of them."""
    for key in request:
        if key not in ('description', 'properties', 'required', 'x-together'):
            raise SchemaError(f'{file}: request: the decoder does not know {key}')
    properties, required = request.get('properties', {}), request.get('required', [])
    for name in required:
        if name not in properties:
            raise SchemaError(f'{file}: {name}: is required, and not described')
    if len(properties) > FIELDS_MOST:
        raise SchemaError(f'{file}: request: has more than {FIELDS_MOST} members')
    for name in properties:
        if not re.fullmatch(r'[a-z][a-z0-9_]*', name) or name in C_WORDS or name.startswith(('has_', 'n_')):
            raise SchemaError(f'{file}: {name}: cannot be the name of a member in C')
    fields = [Field(file, name, given, types, limits, name in required) for name, given in properties.items()]
    return fields, [together_of(file, rule, properties, required) for rule in request.get('x-together', [])]


def together_of(file, rule, properties, required):
    """Checked: {"most" or "least": 1, "members": […], "say": …}. The fault names the first member that was given, for "least" the first of all."""
    if set(rule) not in ({'most', 'members', 'say'}, {'least', 'members', 'say'}) or rule.get('most', rule.get('least')) != 1:
        raise SchemaError(f'{file}: x-together: holds "most": 1 or "least": 1, and members, and say')
    for name in rule['members']:
        if name not in properties:
            raise SchemaError(f'{file}: x-together: there is no member {name}')
        if name in required:
            raise SchemaError(f'{file}: x-together: {name} is required anyway')
    if len(set(rule['members'])) < max(2, len(rule['members'])) or len(rule['say']) > SAY_MOST:
        raise SchemaError(f'{file}: x-together: needs two different members or more, and a short sentence')
    return rule
