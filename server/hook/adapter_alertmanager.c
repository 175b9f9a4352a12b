/*
 * Alertmanager's webhook, version 4 ("webhook_config"), which Grafana's alerting sends too, with members of its own beside it.
 */
#include "hook/adapter.h"
#include "hook/hook_template.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"

#include <string.h>

enum { ALERTS_SHOWN = 10, LABELS_SHOWN = 6 };

/* jansson walks only over what may be changed. */
static json_t *labels_at(const json_t *object, const char *name)
{
	return (json_t *)(uintptr_t)hook_value_at(object, name);
}

static bool is_firing(const json_t *alert)
{
	return !hook_value_is(alert, "status", "resolved");
}

/* What all of them have in common: the title of Grafana, or the labels that they were grouped by. */
static void append_subject(struct buf *out, const json_t *root)
{
	const char *name;
	json_t *value;
	size_t from = out->len;

	json_object_foreach(labels_at(root, "groupLabels"), name, value) {
		if (out->len > from)
			buf_append_str(out, ", ");
		hook_text_line(out, hook_value_text(value));
	}
	if (out->len == from)
		hook_template_line(out, "{commonLabels.alertname}", root);
}

static void append_heading(struct buf *out, const json_t *root, const json_t *alerts)
{
	auto_buf heading = BUF_INIT, subject = BUF_INIT;
	size_t n_firing = 0, n_resolved, i;
	const json_t *alert;

	json_array_foreach(alerts, i, alert)
		n_firing += is_firing(alert);
	n_resolved = json_array_size(alerts) - n_firing;
	if (n_firing > 0)
		buf_appendf(&heading, "%zu firing", n_firing);
	if (n_resolved > 0)
		buf_appendf(&heading, "%s%zu resolved", n_firing > 0 ? ", " : "", n_resolved);
	append_subject(&subject, root);
	if (subject.len > 0)
		buf_append_str(&heading, ": ");
	buf_append(&heading, subject.data, subject.len);
	hook_text_marked(out, hook_text_of(&heading), "**");
}

/* Those that tell one alert of the group from another. */
static void append_labels(struct buf *out, const json_t *root, const json_t *alert)
{
	const json_t *group = hook_value_at(root, "groupLabels");
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach(labels_at(alert, "labels"), name, value) {
		if (json_object_get(group, name) || strcmp(name, "alertname") == 0 || strncmp(name, "__", 2) == 0 || n == LABELS_SHOWN)
			continue;
		buf_append_str(out, n++ == 0 ? " (" : ", ");
		hook_text_line(out, (struct text){.s = name, .n = strlen(name)});
		buf_append_byte(out, '=');
		hook_text_line(out, hook_value_text(value));
	}
	if (n > 0)
		buf_append_byte(out, ')');
}

/* The first of these members that has a text. */
static struct text first_of(const json_t *object, const char *const *paths)
{
	struct text value = {.s = ""};

	for (; *paths != NULL && value.n == 0; paths++)
		value = hook_value_string(object, *paths);
	return value;
}

static void append_alert(struct buf *out, const json_t *root, const json_t *alert, bool is_only)
{
	static const char *const words[] = {"annotations.summary", "annotations.message", "annotations.description", "labels.alertname",
					    NULL};
	static const char *const links[] = {"panelURL", "dashboardURL", NULL}, *const only_links[] = {"panelURL", "dashboardURL",
												      "generatorURL", NULL};
	struct text link = first_of(alert, is_only ? only_links : links);

	buf_append_str(out, is_firing(alert) ? "\n• firing: " : "\n• resolved: ");
	hook_text_line(out, first_of(alert, words));
	append_labels(out, root, alert);
	if (hook_text_is_address(link)) {
		buf_append_byte(out, ' ');
		hook_text_address(out, link);
	}
}

/* Grafana's before its version 8, and what its contact points are tested with. */
static enum hook_result read_plain(const json_t *root, struct hook_post *out)
{
	hook_template_line(&out->text, "{title}", root);
	if (out->text.len > 0)
		buf_append_byte(&out->text, '\n');
	hook_template_line(&out->text, "{message}\n{ruleUrl}", root);
	return hook_text_trimmed(hook_text_of(&out->text)).n > 0 ? HOOK_POST : HOOK_INVALID_PAYLOAD;
}

enum hook_result adapter_alertmanager_read(const json_t *root, const struct hook_input *in, struct hook_post *out)
{
	const json_t *alerts = hook_value_at(root, "alerts"), *alert;
	size_t n = json_array_size(alerts), i;

	(void)in;
	if (!json_is_array(alerts))
		return read_plain(root, out);
	if (n == 0)
		return HOOK_NOTHING;
	append_heading(&out->text, root, alerts);
	json_array_foreach(alerts, i, alert) {
		if (i == ALERTS_SHOWN)
			break;
		append_alert(&out->text, root, alert, n == 1);
	}
	json_int_t n_cut = json_integer_value(hook_value_at(root, "truncatedAlerts"));
	size_t n_more = n - i + (n_cut > 0 ? (size_t)n_cut : 0);
	if (n_more > 0)
		buf_appendf(&out->text, "\n• and %zu more", n_more);
	if (n > 1) {
		buf_append_byte(&out->text, '\n');
		hook_text_line(&out->text, hook_value_string(root, "externalURL"));
	}
	return HOOK_POST;
}
