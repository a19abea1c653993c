/* Many conversations in one process, as a phone gateway has them: each file is a caller with a
 * pipeline and a session of its own; the answers are written beside, as FILE.answer.wav.
 *
 *   OPENAI_API_KEY=sk-… meson devenv -C build examples/gateway caller1.wav caller2.wav
 */
#include <gst/gst.h>

typedef struct {
  GMainLoop *loop;
  int talking, failed;
} Gateway;

typedef struct {
  Gateway *gateway;
  char *name;
  GstElement *pipeline, *talk;
  guint watch;
  gboolean done;
} Caller;

static char *base_url = NULL;

static GOptionEntry options[] = {
    {"base-url", 0, 0, G_OPTION_ARG_STRING, &base_url, "Another server than OpenAI's", "URL"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void on_element_message(Caller *caller, const GstStructure *message) {
  gboolean final = FALSE;
  if (gst_structure_has_name(message, "openai-realtime/transcript") &&
      gst_structure_get_boolean(message, "final", &final) && final) {
    g_print("%s, %s: %s\n", caller->name, gst_structure_get_string(message, "role"),
            gst_structure_get_string(message, "text"));
  }
}

/* What a dashboard would poll: reading it costs nothing and waits for nothing. */
static void print_stats(Caller *caller) {
  GstStructure *stats = NULL;
  double connect_ms = 0, answer_ms = 0;
  gint64 tokens = 0;
  g_object_get(caller->talk, "stats", &stats, NULL);
  gst_structure_get_double(stats, "connect-total-ms", &connect_ms);
  gst_structure_get_double(stats, "voice-to-voice-ms", &answer_ms);
  gst_structure_get_int64(stats, "total-tokens", &tokens);
  g_print("%s: connected in %.0f ms, answered after %.0f ms, %" G_GINT64_FORMAT " tokens\n",
          caller->name, connect_ms, answer_ms, tokens);
  gst_structure_free(stats);
}

static void hang_up(Caller *caller, gboolean failed) {
  if (caller->done) return;
  caller->done = TRUE;
  caller->gateway->failed += failed ? 1 : 0;
  if (--caller->gateway->talking == 0) g_main_loop_quit(caller->gateway->loop);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data) {
  Caller *caller = data;
  GError *error = NULL;
  (void)bus;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ELEMENT:
      on_element_message(caller, gst_message_get_structure(message));
      break;
    case GST_MESSAGE_WARNING: /* heals by itself */
      gst_message_parse_warning(message, &error, NULL);
      g_printerr("%s: warning: %s\n", caller->name, error->message);
      break;
    case GST_MESSAGE_ERROR: /* one caller's; the others talk on */
      gst_message_parse_error(message, &error, NULL);
      g_printerr("%s: error: %s\n", caller->name, error->message);
      hang_up(caller, TRUE);
      break;
    case GST_MESSAGE_EOS:
      print_stats(caller);
      hang_up(caller, FALSE);
      break;
    default:
      break;
  }
  g_clear_error(&error);
  return G_SOURCE_CONTINUE;
}

/* A pipeline has a session of its own without being asked. */
static gboolean answer(Gateway *gateway, Caller *caller, const char *file) {
  char *output = g_strconcat(file, ".answer.wav", NULL);
  caller->gateway = gateway;
  caller->name = g_path_get_basename(file);
  caller->pipeline = gst_parse_launch(
      "filesrc name=in ! decodebin ! audioconvert ! openairealtimebin name=talk "
      "eos-policy=after-answer ! wavenc ! filesink name=out",
      NULL);
  if (caller->pipeline != NULL) {
    GstBus *bus = gst_element_get_bus(caller->pipeline);
    caller->talk = gst_bin_get_by_name(GST_BIN(caller->pipeline), "talk");
    gst_child_proxy_set(GST_CHILD_PROXY(caller->pipeline), "in::location", file, "out::location",
                        output, NULL);
    if (base_url != NULL) g_object_set(caller->talk, "base-url", base_url, NULL);
    caller->watch = gst_bus_add_watch(bus, on_message, caller);
    gst_object_unref(bus);
    gateway->talking++;
    gst_element_set_state(caller->pipeline, GST_STATE_PLAYING); /* returns at once */
  }
  g_free(output);
  return caller->pipeline != NULL;
}

static void release(Caller *caller) {
  if (caller->pipeline != NULL) {
    gst_element_set_state(caller->pipeline, GST_STATE_NULL);
    g_source_remove(caller->watch);
  }
  gst_clear_object(&caller->talk);
  gst_clear_object(&caller->pipeline);
  g_free(caller->name);
}

int main(int argc, char **argv) {
  Gateway gateway = {0};
  GError *error = NULL;
  GOptionContext *context = g_option_context_new("FILE... - answer many callers at once");
  g_option_context_add_main_entries(context, options, NULL);
  g_option_context_add_group(context, gst_init_get_option_group());
  if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 2) {
    g_printerr("error: %s\n", error != NULL ? error->message : "name a file for each caller");
    return 2;
  }
  g_option_context_free(context);
  gateway.loop = g_main_loop_new(NULL, FALSE);
  Caller *callers = g_new0(Caller, argc - 1);
  for (int i = 1; i < argc; ++i) {
    if (!answer(&gateway, &callers[i - 1], argv[i])) gateway.failed++;
  }
  if (gateway.talking > 0) g_main_loop_run(gateway.loop);
  for (int i = 1; i < argc; ++i) release(&callers[i - 1]);
  g_free(callers);
  g_main_loop_unref(gateway.loop);
  gst_deinit();
  return gateway.failed > 0 ? 1 : 0;
}
