package protocol

// Protocol constants: every replica must use the same numbers, because what
// the list does at these borders is part of its state.
const (
	// MaxDatagram is the largest UDP payload there is, in bytes.
	MaxDatagram = 65507
	// MaxPayload is the longest single command, in bytes, that any network carries.
	MaxPayload = 16 << 10
	// MaxValue is the longest batch of commands, in bytes.
	MaxValue = 60 << 10
	// MaxAcceptors is the largest membership (a Tally is one word).
	MaxAcceptors = 63
	// MaxSessions is how many client sessions the list keeps; the least
	// recently used one is evicted when another is opened.
	MaxSessions = 1024
	// SessionWindow is how many commands of one session may be
	// unacknowledged, and how many of its last results are kept.
	SessionWindow = 1024
	// ChunkEntries is how many list entries make one immutable chunk. Chunk
	// borders depend on the list's index alone, so chunks are equal everywhere.
	ChunkEntries = 1024
)
