#include "codec/text_template.h"

#include <string.h>

size_t text_template_piece(struct text t, struct text *path)
{
	*path = (struct text){.s = NULL};
	if (t.n > 1 && (t.s[0] == '{' || t.s[0] == '}') && t.s[1] == t.s[0])
		return 2;
	const char *end = t.s[0] == '{' ? memchr(t.s, '}', t.n) : NULL;
	if (end == NULL)
		return 1;
	*path = (struct text){.s = t.s + 1, .n = (size_t)(end - t.s - 1)};
	return path->n + 2;
}

bool text_template_is_closed(struct text t)
{
	struct text path;

	for (size_t i = 0, n; i < t.n; i += n) {
		n = text_template_piece((struct text){.s = t.s + i, .n = t.n - i}, &path);
		if (path.s == NULL && n == 1 && t.s[i] == '{')
			return false;
	}
	return true;
}
