/*
 * Reports the server's state to the service manager (sd_notify(3), without its library): READY=1, STOPPING=1, and WATCHDOG=1, which the loop itself
 * sends. Without a manager that asks for it, nothing is sent. Owner: app.c. Loop thread only.
 */
#ifndef PARLEY_APP_SERVICE_NOTIFY_H
#define PARLEY_APP_SERVICE_NOTIFY_H

#include "base/loop.h"

struct service_notify;

struct service_notify *service_notify_new(struct loop *l);             /* NULL when no manager asked */
void service_notify_send(struct service_notify *n, const char *state); /* accepts NULL */
void service_notify_destroy(struct service_notify *n);                 /* accepts NULL */

#endif
