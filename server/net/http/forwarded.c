#include "net/http/forwarded.h"

#include "net/http/http_value.h"

/* The last elements of a header's list, the last one first. */
struct elements {
	size_t n_all; /* in the list */
	size_t n;     /* of them here */
	struct http_text of[FORWARDED_HOPS_MAX];
};

static void read_elements(const struct http_request *r, const char *name, struct elements *out)
{
	out->n_all = http_request_list_end(r, name, out->of, FORWARDED_HOPS_MAX);
	out->n = out->n_all < FORWARDED_HOPS_MAX ? out->n_all : FORWARDED_HOPS_MAX;
	for (size_t i = 0; i < out->n; i++)
		out->of[i] = http_value_unquoted(out->of[i]);
}

/* Returns the index of the client's element, counted from the last one. *address stays unchanged when no element can be read. */
static size_t find_client(const struct elements *list, const struct net_network *trusted, size_t n_trusted, struct peer_address *address)
{
	struct peer_address one;

	for (size_t i = 0; i < list->n; i++) {
		if (!address_parse(list->of[i].s, list->of[i].n, &one))
			return i;
		*address = one;
		if (!address_trusted(&one, trusted, n_trusted))
			return i;
	}
	return list->n > 0 ? list->n - 1 : 0; /* all are trusted proxies: the one farthest from us is the client */
}

static enum forwarded_proto proto_of(struct http_text word)
{
	if (http_value_is(word, "https") || http_value_is(word, "wss"))
		return FORWARDED_TLS;
	return http_value_is(word, "http") || http_value_is(word, "ws") ? FORWARDED_PLAIN : FORWARDED_UNTOLD;
}

void forwarded_read(const struct http_request *r, const struct peer_address *peer, const struct net_network *trusted, size_t n_trusted,
		    struct forwarded *out)
{
	struct elements addresses, protos;

	read_elements(r, "x-forwarded-for", &addresses);
	read_elements(r, "x-forwarded-proto", &protos);
	*out = (struct forwarded){.address = *peer};
	size_t client = find_client(&addresses, trusted, n_trusted, &out->address);
	if (protos.n > 0)
		out->proto = proto_of(protos.of[protos.n_all == addresses.n_all ? client : protos.n - 1]);
}
