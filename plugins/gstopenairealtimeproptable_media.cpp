// The rows of what streams: audio, text and video in, audio and captions out.
#include "gstopenairealtimeenums.h"
#include "gstopenairealtimeproptable.h"
#include "session/config.h"

namespace oairt {
namespace {

constexpr double kMaxInt = G_MAXINT;

const PropertyRow kRows[] = {
    // --- audio in ---
    {.name = "bitrate",
     .carrier = Carrier::AudioIn,
     .scope = Scope::Element,
     .kind = ValueKind::Integer,
     .nick = "Bit rate",
     .blurb = "Bit rate of the Opus encoder for raw input, in bits per second; with "
              "quality-adaptation the highest that is used",
     .number = 32000,
     .minimum = 6000,
     .maximum = 510000},
    {.name = "dtx",
     .carrier = Carrier::AudioIn,
     .scope = Scope::Element,
     .kind = ValueKind::Boolean,
     .nick = "Discontinuous transmission",
     .blurb = "Let the encoder send next to nothing while nobody speaks (raw input)"},
    {.name = "inband-fec",
     .carrier = Carrier::AudioIn,
     .scope = Scope::Element,
     .kind = ValueKind::Boolean,
     .nick = "In-band FEC",
     .blurb = "Let the encoder repeat each frame at low quality in the next one, so that single "
              "losses do not matter (raw input)",
     .number = true},
    {.name = "quality-adaptation",
     .carrier = Carrier::AudioIn,
     .kind = ValueKind::Boolean,
     .nick = "Quality adaptation",
     .blurb =
         "Adapt bit rate, FEC and DTX of the encoder to the losses and delays that the service "
         "reports (raw input): never above bitrate, and never against inband-fec or dtx where "
         "those were set",
     .number = true},
    {.name = "mute",
     .carrier = Carrier::AudioIn,
     .scope = Scope::Element,
     .kind = ValueKind::Boolean,
     .nick = "Mute",
     .blurb = "Send silence in place of the input"},
    {.name = "prebuffer-time",
     .carrier = Carrier::AudioIn,
     .kind = ValueKind::Integer,
     .nick = "Prebuffer time",
     .blurb = "How much speech is kept while no call is up, in ms, and sent first when one is, "
              "with what a lost call took along; what is older is dropped. 0: nothing is kept. "
              "With session-type=transcription 10000 unless it is set",
     .number = kDefaultPrebufferMs,
     .maximum = 60000},
    {.name = "snapshot-interval",
     .carrier = Carrier::AudioIn,
     .scope = Scope::Element,
     .kind = ValueKind::Integer,
     .nick = "Snapshot interval",
     .blurb = "How often a picture of the video at video_sink goes to the model, in ms; the one "
              "before it is taken back. 0: only on request (send-snapshot)",
     .maximum = kMaxInt},
    {.name = "snapshot-width",
     .carrier = Carrier::AudioIn,
     .scope = Scope::Element,
     .kind = ValueKind::Integer,
     .nick = "Snapshot width",
     .blurb = "How wide a picture is at most, in pixels; it is never enlarged, and made smaller "
              "where the service would not take it",
     .number = 768,
     .minimum = 16,
     .maximum = 4096},
    // --- audio out ---
    {.name = "jitter-latency",
     .carrier = Carrier::AudioOut,
     .kind = ValueKind::Integer,
     .nick = "Jitter latency",
     .blurb = "Play-out delay that absorbs the network's jitter, in ms. -1: adapts between the "
              "model's bursts of speech",
     .number = kDefaultJitterLatencyMs,
     .minimum = -1,
     .maximum = 5000},
    {.name = "volume",
     .carrier = Carrier::AudioOut,
     .scope = Scope::Element,
     .kind = ValueKind::Real,
     .nick = "Volume",
     .blurb = "Linear gain on the model's voice; 1.0 leaves it alone, samples are clipped",
     .number = 1.0,
     .maximum = 10.0},
    {.name = "eos-policy",
     .scope = Scope::Element,
     .kind = ValueKind::Enum,
     .nick = "EOS policy",
     .blurb =
         "When the stream ends: a source's never by itself, or after-answer, which lets a launch "
         "line from file to file end by itself; a sink's with its input, or after-answer (with "
         "session-type=transcription: when the last words are written)",
     .text = "none",
     .enum_type = gst_openai_realtime_eos_policy_get_type},
    {.name = "barge-in",
     .carrier = Carrier::AudioOut,
     .scope = Scope::Element,
     .kind = ValueKind::Enum,
     .nick = "Barge-in",
     .blurb = "How the model's voice is cut when the user speaks over it, or by the action "
              "interrupt: ramp for mixers, muxers and recorders, flush for loudspeakers",
     .text = "ramp",
     .enum_type = gst_openai_realtime_barge_in_get_type},
    // --- both, in the bin ---
    {.name = "echo-cancel",
     .carrier = Carrier::Bin,
     .scope = Scope::Element,
     .kind = ValueKind::Boolean,
     .nick = "Echo cancellation",
     .blurb = "Take the model's voice, as the loudspeaker plays it, out of what the microphone "
              "hears; for raw, live input. Needs webrtcdsp (gst-plugins-bad)",
     .number = true},
    {.name = "noise-suppression",
     .carrier = Carrier::Bin,
     .scope = Scope::Element,
     .kind = ValueKind::Boolean,
     .nick = "Noise suppression",
     .blurb = "Take steady noise out of raw input (webrtcdsp). The service has its own: "
              "noise-reduction"},
    {.name = "gain-control",
     .carrier = Carrier::Bin,
     .scope = Scope::Element,
     .kind = ValueKind::Boolean,
     .nick = "Gain control",
     .blurb = "Bring raw input to an even loudness (webrtcdsp)"},
    {.name = "half-duplex",
     .carrier = Carrier::Bin,
     .scope = Scope::Element,
     .kind = ValueKind::Boolean,
     .nick = "Half duplex",
     .blurb = "Send silence in place of the input while the model is heard, and 0.3 s longer; only "
              "the action interrupt stops it then"},
    // --- captions ---
    {.name = "caption-mode",
     .scope = Scope::Element,
     .kind = ValueKind::Enum,
     .nick = "Caption mode",
     .blurb = "What the pads transcript_src and input_transcript_src give: each word when it is "
              "heard, for overlays, or whole lines when they were said, for subtitle files",
     .text = "word",
     .enum_type = gst_openai_realtime_caption_mode_get_type},
    {.name = "caption-delay",
     .carrier = Carrier::AudioOut,
     .scope = Scope::Element,
     .kind = ValueKind::Integer,
     .nick = "Caption delay",
     .blurb = "How much later than the sound the pad transcript_src knows its words, in ms: it "
              "tells the pipeline so (latency), and a word's pts is nearer to where it begins. 0: "
              "at once, where every ms until an answer is heard counts",
     .number = 150,
     .maximum = 500,
     .mutability = GST_PARAM_MUTABLE_READY},
};

}  // namespace

std::span<const PropertyRow> media_property_rows() { return kRows; }

}  // namespace oairt
