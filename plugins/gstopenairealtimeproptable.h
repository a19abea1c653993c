// The rows of the shared property table, in the order in which gst-inspect's readers think.
// Thread-safe: constant data.
// Never lists a property that nothing acts on.
#pragma once

#include <span>

#include "gstopenairealtimeprops.h"

namespace oairt {

std::span<const PropertyRow> property_table();
std::span<const PropertyRow> media_property_rows();  // the last part of it

}  // namespace oairt
