/*
 * Parses the values of options: addresses, origins, networks, whole numbers. Each function that returns bool returns false, and leaves nothing to free,
 * when the text has another form. Any thread.
 */
#ifndef PARLEY_APP_CONFIG_VALUE_H
#define PARLEY_APP_CONFIG_VALUE_H

#include "app/config.h"

/* Returns what is wrong with a value of any option, as the end of "VALUE …", or NULL. */
const char *config_value_misspelled(const char *text, bool has_notes);
/* Checks that a path needs no shell to complete it. Returns NULL, or the end of "VALUE is not …". */
const char *config_value_path(const char *text);
/* Returns whether libpq takes this as the address of a database, by its form alone: a URI, or keywords. */
bool config_value_database(const char *text);
/* Returns whether such an address holds a password. */
bool config_value_has_password(const char *database);
/* Takes digits only, and values from least to most. */
bool config_value_number(const char *text, uint64_t least, uint64_t most, uint64_t *out);
/* 127.0.0.1:8080, [::1]:8080, localhost:8080, :8080, unix:/path */
bool config_value_listen(const char *text, struct config_listen *out);
/* Writes scheme://host[:port] as browsers do: in lower case, without the scheme's own port (RFC 6454, section 6.2). The caller frees *out. */
bool config_value_origin(const char *text, char **out);
/* 10.0.0.0/8, fd00::/8, or one address. A bit beyond the network's length is a fault. */
bool config_value_network(const char *text, struct config_network *out);
/* The same, or "unix": whoever connects to a Unix socket. */
bool config_value_peers(const char *text, struct config_network *out);
/* A network, or the name of a host. There is nothing to free. */
bool config_value_allow(const char *text, struct webhook_allow *out);

#endif
