// Which element of a pipeline posts the messages of a session, so that the bus sees each one once:
// the first that attached; when it leaves, the next.
// Thread-safe. One list for the process.
// Never dereferences what it is given: sessions, pipelines and members are identities here.
#pragma once

namespace oairt::message_owners {

void join(const void *member, const void *session, const void *pipeline);
void leave(const void *member);
bool owns(const void *member);

}  // namespace oairt::message_owners
