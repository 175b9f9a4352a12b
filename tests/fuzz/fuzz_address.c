/* X-Forwarded-For and X-Forwarded-Proto behind trusted proxies. Each line of the input is a line of the first, or of the second with "!" in front. The named address
 * is read again as the same one. The layout of the lists changes nothing, and neither does what precedes the client. An appended address is the client. */
#include "net/http/forwarded.h"

#include "base/memory.h"
#include "codec/buf.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct net_network trusted[] = {
	{.address = {[10] = 0xff, [11] = 0xff, [12] = 10}, .n_bits = 96 + 8},               /* 10.0.0.0/8 */
	{.address = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .n_bits = 128},       /* 127.0.0.1 */
	{.address = {0xfd}, .n_bits = 7},                                                   /* fc00::/7 */
	{.address = {[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168}, .n_bits = 96 + 15}, /* 192.168.0.0/15 */
};
enum { TRUSTED = sizeof trusted / sizeof trusted[0] };

static const char for_name[] = "X-Forwarded-For", proto_name[] = "x-forwarded-PROTO";
static const struct peer_address peer = {{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 9}};

static void check_text(const struct peer_address *a)
{
	static const struct peer_address none = {{0}};
	char text[ADDRESS_TEXT_BYTES];
	struct peer_address again;

	address_format(a, text);
	assert(strlen(text) < sizeof text);
	if (memcmp(a, &none, sizeof none) == 0) /* "::" is the mark of a Unix socket */
		return;
	assert(address_parse(text, strlen(text), &again));
	assert(memcmp(&again, a, sizeof again) == 0);
}

static void add_field(struct http_request *r, const char *name, const char *value, size_t n)
{
	if (r->n_fields < HTTP_FIELDS_MAX)
		r->fields[r->n_fields++] = (struct http_field){{name, strlen(name)}, {value, n}};
}

static void add_lines(struct http_request *r, const char *text, size_t n)
{
	while (n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t length = end != NULL ? (size_t)(end - text) : n, whole = end != NULL ? length + 1 : n;
		if (length > 0 && *text == '!')
			add_field(r, proto_name, text + 1, length - 1);
		else
			add_field(r, for_name, text, length);
		text += whole;
		n -= whole;
	}
}

static struct forwarded read_request(const struct http_request *r)
{
	struct forwarded out;

	forwarded_read(r, &peer, trusted, TRUSTED, &out);
	return out;
}

static void assert_same_client(const struct forwarded *one, const struct forwarded *other)
{
	assert(memcmp(&one->address, &other->address, sizeof one->address) == 0);
}

/* The fields of this name as one, with empty elements between them. */
static void add_joined(struct http_request *out, const struct http_request *r, const char *name, struct buf *list)
{
	bool has_any = false;

	for (size_t i = 0; i < r->n_fields; i++) {
		if (r->fields[i].name.s != name)
			continue;
		buf_append_str(list, " ,\t,");
		buf_append(list, r->fields[i].value.s, r->fields[i].value.n);
		has_any = true;
	}
	if (has_any)
		add_field(out, name, (const char *)list->data, list->len);
}

static void check_layout(const struct http_request *r, const struct forwarded *first)
{
	auto_free struct http_request *joined = mem_new(struct http_request);
	auto_buf addresses = BUF_INIT, protos = BUF_INIT;

	add_joined(joined, r, for_name, &addresses);
	add_joined(joined, r, proto_name, &protos);
	struct forwarded again = read_request(joined);
	assert_same_client(&again, first);
	assert(again.proto == first->proto);
}

static void check_neighbours(struct http_request *r, const char *text, size_t n, const struct forwarded *first)
{
	struct forwarded again;
	struct peer_address stranger;

	if (r->n_fields + 3 > HTTP_FIELDS_MAX)
		return;
	r->n_fields = 0;
	add_field(r, for_name, "192.0.2.66", 10);
	add_lines(r, text, n);
	again = read_request(r);
	if (!address_trusted(&first->address, trusted, TRUSTED))
		assert_same_client(&again, first);
	add_field(r, for_name, "198.51.100.1", 12);
	again = read_request(r);
	assert(address_parse("198.51.100.1", 12, &stranger));
	assert(memcmp(&again.address, &stranger, sizeof stranger) == 0);
	add_field(r, for_name, "10.0.0.2", 8);
	again = read_request(r);
	assert(memcmp(&again.address, &stranger, sizeof stranger) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free struct http_request *r = mem_new(struct http_request);
	const char *text = (const char *)data;
	struct peer_address one;

	if (n == 0)
		return 0;
	if (address_parse(text, n, &one))
		check_text(&one);
	add_lines(r, text, n);
	struct forwarded first = read_request(r);
	check_text(&first.address);
	check_layout(r, &first);
	check_neighbours(r, text, n, &first);
	return 0;
}
