/*
 * The browser client inside the binary: every file of web/src, made ready at build time by web/embed.py. With it the documents of the protocol that
 * protocol/generate.py makes, whose paths begin with "/api/v1/".
 * Constant data, shared by all threads; nothing is ever freed.
 *
 * Serve "/index.html" for "/" and for every path that starts with "/r/" (a room's own address). The table is sorted by path.
 */
#ifndef PARLEY_WEB_ASSETS_H
#define PARLEY_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct web_asset {
	const char *path; /* "/index.html", "/main-1f0c….js" */
	const char *type; /* Content-Type */
	const char *etag; /* with its quotes */
	const uint8_t *raw;
	size_t raw_bytes;
	const uint8_t *gzip; /* NULL where compressing saves nothing */
	size_t gzip_bytes;
	bool immutable; /* the path holds a hash of the content: may be cached for ever; else revalidate by ETag */
};

extern const struct web_asset web_assets[];
extern const size_t n_web_assets;

#endif
