/* An application that embeds openairealtimebin: talk over microphone and loudspeaker, read both
 * sides as they are spoken, end with Ctrl-C.
 *
 *   OPENAI_API_KEY=sk-… meson devenv -C build examples/talk
 *
 * A file instead of the devices, and the answer in a file:
 *   … examples/talk --input question.wav --output answer.wav
 */
#include <glib-unix.h>
#include <gst/gst.h>

typedef struct {
  GMainLoop *loop;
  GstElement *pipeline, *talk;
  int result;
} App;

static char *base_url = NULL, *input = NULL, *output = NULL, *instructions = NULL;

static GOptionEntry options[] = {
    {"base-url", 0, 0, G_OPTION_ARG_STRING, &base_url, "Another server than OpenAI's", "URL"},
    {"instructions", 0, 0, G_OPTION_ARG_STRING, &instructions, "What the model shall be", "TEXT"},
    {"input", 0, 0, G_OPTION_ARG_FILENAME, &input, "Speech from a file", "FILE"},
    {"output", 0, 0, G_OPTION_ARG_FILENAME, &output, "The answer to a WAV file", "FILE"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

/* What the session tells: see the table of bus messages in docs/using.md. */
static void on_element_message(const GstStructure *message) {
  if (gst_structure_has_name(message, "openai-realtime/connection-state")) {
    g_print("[%s]\n", gst_structure_get_string(message, "state"));
  } else if (gst_structure_has_name(message, "openai-realtime/transcript")) {
    gboolean final = FALSE;
    gst_structure_get_boolean(message, "final", &final);
    if (final) {
      g_print("%s: %s\n", gst_structure_get_string(message, "role"),
              gst_structure_get_string(message, "text"));
    }
  } else if (gst_structure_has_name(message, "openai-realtime/recovery")) {
    double outage_ms = 0;
    gst_structure_get_double(message, "outage-ms", &outage_ms);
    g_print("[speaking again after %.0f ms]\n", outage_ms);
  }
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data) {
  App *app = data;
  GError *error = NULL;
  char *detail = NULL;
  (void)bus;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ELEMENT:
      on_element_message(gst_message_get_structure(message));
      break;
    case GST_MESSAGE_WARNING: /* heals by itself */
      gst_message_parse_warning(message, &error, &detail);
      g_printerr("warning: %s\n", error->message);
      break;
    case GST_MESSAGE_ERROR: /* does not: the sentence says what to do about it */
      gst_message_parse_error(message, &error, &detail);
      g_printerr("error: %s (%s)\n", error->message, detail != NULL ? detail : "");
      app->result = 1;
      g_main_loop_quit(app->loop);
      break;
    case GST_MESSAGE_EOS:
      g_main_loop_quit(app->loop);
      break;
    default:
      break;
  }
  g_clear_error(&error);
  g_free(detail);
  return G_SOURCE_CONTINUE;
}

/* The end of the stream travels through the pipeline, so that a file is closed as it should be. */
static gboolean on_interrupt(gpointer data) {
  App *app = data;
  gst_element_send_event(app->pipeline, gst_event_new_eos());
  return G_SOURCE_CONTINUE;
}

static gboolean make_pipeline(App *app) {
  GError *error = NULL;
  char *description = g_strdup_printf(
      "%s ! openairealtimebin name=talk ! %s",
      input != NULL ? "filesrc name=in ! decodebin ! audioconvert" : "autoaudiosrc",
      output != NULL ? "wavenc ! filesink name=out" : "audioconvert ! autoaudiosink");
  app->pipeline = gst_parse_launch(description, &error);
  g_free(description);
  if (error != NULL) {
    g_printerr("error: %s\n", error->message);
    g_clear_error(&error);
    return FALSE;
  }
  app->talk = gst_bin_get_by_name(GST_BIN(app->pipeline), "talk");
  if (base_url != NULL) g_object_set(app->talk, "base-url", base_url, NULL);
  if (instructions != NULL) g_object_set(app->talk, "instructions", instructions, NULL);
  if (input != NULL) {
    gst_child_proxy_set(GST_CHILD_PROXY(app->pipeline), "in::location", input, NULL);
    gst_util_set_object_arg(G_OBJECT(app->talk), "eos-policy", "after-answer");
  }
  if (output != NULL) {
    gst_child_proxy_set(GST_CHILD_PROXY(app->pipeline), "out::location", output, NULL);
  } else { /* what the loudspeaker still holds is not heard when the user speaks over it */
    gst_util_set_object_arg(G_OBJECT(app->talk), "barge-in", "flush");
  }
  return TRUE;
}

static void run(App *app) {
  GstBus *bus = gst_element_get_bus(app->pipeline);
  guint watch = gst_bus_add_watch(bus, on_message, app);
  guint interrupt = g_unix_signal_add(SIGINT, on_interrupt, app);
  app->loop = g_main_loop_new(NULL, FALSE);
  gst_element_set_state(app->pipeline, GST_STATE_PLAYING);
  g_main_loop_run(app->loop);
  gst_element_set_state(app->pipeline, GST_STATE_NULL); /* hangs up */
  g_source_remove(interrupt);
  g_source_remove(watch);
  g_main_loop_unref(app->loop);
  gst_object_unref(bus);
}

int main(int argc, char **argv) {
  App app = {0};
  GError *error = NULL;
  GOptionContext *context = g_option_context_new("- talk with a model");
  g_option_context_add_main_entries(context, options, NULL);
  g_option_context_add_group(context, gst_init_get_option_group());
  gboolean parsed = g_option_context_parse(context, &argc, &argv, &error);
  g_option_context_free(context);
  if (!parsed) {
    g_printerr("error: %s\n", error->message);
    g_clear_error(&error);
    return 2;
  }
  app.result = 1;
  if (make_pipeline(&app)) {
    app.result = 0;
    run(&app);
  }
  gst_clear_object(&app.talk);
  gst_clear_object(&app.pipeline);
  gst_deinit(); /* waits a moment for the hang-up */
  return app.result;
}
