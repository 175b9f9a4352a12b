#include "net/http/own_names.h"

#include "net/http/http_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void own_names_init(struct own_names *names)
{
	char name[OWN_NAME_BYTES - 8]; /* HOST_NAME_MAX is 64 */

	memset(names, 0, sizeof *names);
	if (gethostname(name, sizeof name) != 0)
		return;
	name[sizeof name - 1] = '\0';
	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	snprintf(names->machine, sizeof names->machine, "%s", name);
	name[strcspn(name, ".")] = '\0';
	snprintf(names->first, sizeof names->first, "%s", name);
	if (name[0] != '\0')
		snprintf(names->local, sizeof names->local, "%s.local", name);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);

	return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* Copies the host without port and brackets, in lower case. Returns false when it is longer than any of our names. */
static bool bare_name(struct http_text host, char out[OWN_NAME_BYTES])
{
	struct http_text name = http_value_host(host).name;
	bool in_brackets = name.n > 1 && name.s[0] == '[';
	const char *start = in_brackets ? name.s + 1 : name.s;
	size_t n = in_brackets ? name.n - 2 : name.n;

	if (n >= OWN_NAME_BYTES)
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)start[i]);
	while (n > 0 && out[n - 1] == '.')
		n--; /* the dot of the DNS root */
	out[n] = '\0';
	return true;
}

bool own_names_hold(const struct own_names *names, struct http_text host)
{
	char name[OWN_NAME_BYTES];
	struct in_addr v4;
	struct in6_addr v6;

	if (!bare_name(host, name) || name[0] == '\0')
		return false;
	return strcmp(name, "localhost") == 0 || ends_with(name, ".localhost") || inet_pton(AF_INET, name, &v4) == 1 ||
	       inet_pton(AF_INET6, name, &v6) == 1 || strcmp(name, names->machine) == 0 || strcmp(name, names->first) == 0 ||
	       strcmp(name, names->local) == 0;
}
