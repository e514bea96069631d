// Command paxosengine plays a node of our engine as a library. It makes its load
// itself, where it leads.
package main
