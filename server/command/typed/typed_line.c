#include "command/typed/typed.h"

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The small letter of a letter; what else may stand in a name; 0 for all other bytes. */
static char name_byte(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
	return fits ? c : '\0';
}

bool typed_read(struct text typed, struct typed_line *out)
{
	size_t n_name = 0, at = 1;
	if (typed.n == 0 || typed.s[0] != '/')
		return false;
	while (at < typed.n && n_name < TYPED_NAME_BYTES && name_byte(typed.s[at]))
		out->name[n_name++] = name_byte(typed.s[at++]);
	out->name[n_name] = '\0';
	bool is_name = out->name[0] >= 'a' && out->name[0] <= 'z';
	if (!is_name || (at < typed.n && !is_white(typed.s[at])))
		return false;
	size_t end = typed.n;
	while (at < end && is_white(typed.s[at]))
		at++;
	while (end > at && is_white(typed.s[end - 1]))
		end--;
	out->rest = (struct text){typed.s + at, end - at};
	return true;
}
