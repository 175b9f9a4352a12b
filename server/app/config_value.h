/*
 * The shapes of an option's value: addresses, origins, networks, whole numbers. Each parse function returns false and leaves nothing to free
 * when the text is not of the shape. Any thread.
 */
#ifndef PARLEY_APP_CONFIG_VALUE_H
#define PARLEY_APP_CONFIG_VALUE_H

#include "app/config.h"

/* What is wrong with a value whatever its option: NULL, or what completes "VALUE …". */
const char *config_value_misspelled(const char *text, bool has_notes);
/* A path as no shell has to complete it: NULL, or what completes "VALUE is not …". */
const char *config_value_path(const char *text);
/* Digits only, least..most. */
bool config_value_number(const char *text, uint64_t least, uint64_t most, uint64_t *out);
/* 127.0.0.1:8080, [::1]:8080, localhost:8080, :8080, unix:/path */
bool config_value_listen(const char *text, struct config_listen *out);
/* scheme://host[:port] as browsers write it: lower case, without the scheme's own port (RFC 6454, section 6.2). *out is the caller's to free. */
bool config_value_origin(const char *text, char **out);
/* 10.0.0.0/8, fd00::/8, or one address. Bits beyond the network's are none. */
bool config_value_network(const char *text, struct config_network *out);

#endif
