// Package server is the front door of a list server: its HTTP API.
// docs/http-api.md tells it from outside, docs/openapi.yaml for machines.
//
// # From a connection to an answer
//
//	listener.go   connections are counted; at the limit the one that idles longest goes
//	serve.go      net/http with all its limits, and how it ends
//	routes.go     which path is whose; what is no path is answered as JSON, too
//	exchange.go   one request and its answer: token, body, deadlines, errors
//	body.go       bodies: bounded each and altogether, and in time
//	json.go       strict reading of JSON; an entry is taken over without a copy
//	append.go     the requests that change the list; legacy.go the old one
//	read.go       the requests that read it; watch.go the one that follows it
//	entries.go    the list, a piece at a time, from memory or chunks (chunks.go)
//	status.go members.go health.go   what a server tells of itself
//	metrics.go    what this package counts; collector.go what the engine does
//	errors.go     what an error is outside: status, code, message, outcome
//
// Behind it stands an [Engine], which is a node.Server, or a servertest.Engine in
// tests.
//
// # What is bounded
//
// Nothing here grows with the list, the number of clients or their ill will
// (rule 8): see [Limits]. The one who reads the list gets it in pieces of 64 KiB,
// each made from a View taken for it and let go before the network sees the piece.
// So a slow reader holds a buffer and nothing else, and is cut when it takes no
// piece for a while. The length of an answer is fixed at its start; the list only
// grows at its end, so positions stay valid from one View to the next.
//
// # What is said about the outcome
//
// Every error tells if the command was done. "unknown" is said wherever the
// cluster may have it, "not_done" only where it cannot be. A list that breaks off
// in the middle is an aborted connection, never a shorter list.
package server
