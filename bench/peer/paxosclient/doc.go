// Command paxosclient makes load at our own systems through their clients: the
// multicast roles over UDP, the list servers over HTTP.
package main
