/*
 * Where the JSON of a post is in its body. Tools send it as it is, with any content type or none, in a form's field, or in a part of a multipart body. Pure.
 */
#ifndef PARLEY_HOOK_HOOK_BODY_H
#define PARLEY_HOOK_HOOK_BODY_H

#include "codec/buf.h"
#include "codec/request_decode.h"

enum hook_body { HOOK_BODY_JSON, HOOK_BODY_FORM, HOOK_BODY_MULTIPART };

/* What the body is: by what it begins with, and only then by the content type (s NULL: none), because `curl -d '{…}'` calls JSON a form. */
enum hook_body hook_body_kind(struct text content_type, struct text body);
/* The JSON: the body itself, or the field or part `payload`, decoded into `made`. s NULL: there is none. Lives as long as the body and `made`. */
struct text hook_body_payload(struct text content_type, struct text body, struct buf *made);
/* Appends the value of a field of an application/x-www-form-urlencoded body. False: there is none. */
bool hook_body_field(struct text body, const char *name, struct buf *out);

#endif
