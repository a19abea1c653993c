// What a buffer of text says: plain UTF-8, whatever form it came in.
// Thread-safe: pure functions.
// Never shows the text in an error.
#pragma once

#include <string>

#include <gst/gst.h>

#include "base/result.h"

namespace oairt {

// Without blanks around it; empty: it says nothing. Pango's markup is taken out.
Result<std::string> text_of_buffer(GstBuffer *buffer, const GstCaps *caps);

}  // namespace oairt
