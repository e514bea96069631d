// Command paxosproposer plays the proposer of our multicast roles. It makes its
// load itself, by a client that lives in its process.
package main
