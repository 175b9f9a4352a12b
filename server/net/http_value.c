#include "net/http_value.h"

#include <string.h>
#include <strings.h>

/* The next item of a comma-separated list, without white space in front; its length, and *list behind it. NULL: no more. */
static const char *next_item(const char **list, size_t *n)
{
	const char *item = *list + strspn(*list, " \t,");

	*n = strcspn(item, ",");
	*list = item + *n;
	return *n > 0 ? item : NULL;
}

bool http_value_lists(const char *list, const char *word)
{
	size_t n, word_bytes = strlen(word);

	for (const char *item; (item = next_item(&list, &n)) != NULL;) {
		while (n > 0 && (item[n - 1] == ' ' || item[n - 1] == '\t'))
			n--;
		if (n == word_bytes && strncasecmp(item, word, n) == 0)
			return true;
	}
	return false;
}

/* "q=0", "q=0.000": nothing but zeros. */
static bool quality_is_none(const char *item, size_t n)
{
	const char *quality = memmem(item, n, "q=0", 3);

	for (const char *at = quality; quality != NULL && at < item + n; at++)
		if (*at >= '1' && *at <= '9')
			return false;
	return quality != NULL;
}

bool http_value_accepts_gzip(const char *list)
{
	size_t n;

	for (const char *item; (item = next_item(&list, &n)) != NULL;)
		if (n >= 4 && strncasecmp(item, "gzip", 4) == 0 && (n == 4 || strchr(" \t;", item[4]) != NULL))
			return !quality_is_none(item, n);
	return false;
}

bool http_value_cookie(const char *cookies, const char *name, char *out, size_t cap)
{
	size_t name_bytes = strlen(name);

	out[0] = '\0';
	while (*cookies != '\0') {
		cookies += strspn(cookies, " ;,\t");
		size_t n = strcspn(cookies, ";");
		if (n > name_bytes && cookies[name_bytes] == '=' && memcmp(cookies, name, name_bytes) == 0) {
			size_t value = n - name_bytes - 1;
			if (value == 0 || value >= cap)
				return false;
			memcpy(out, cookies + name_bytes + 1, value);
			out[value] = '\0';
			return true;
		}
		cookies += n;
	}
	return false;
}

const char *http_value_argument(const char *fragment, const char *name)
{
	size_t name_bytes = strlen(name);

	return strncmp(fragment, name, name_bytes) == 0 && fragment[name_bytes] == '=' ? fragment + name_bytes + 1 : NULL;
}
