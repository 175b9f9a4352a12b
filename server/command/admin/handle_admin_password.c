#include "command/account/password_set.h"
#include "command/dispatch.h"

void handle_admin_password(struct call *call)
{
	const struct data_admin_password *d = &call->request->data.admin_password;
	password_set(call, d->name, d->password, false);
}
