// Package ports chooses ports of this host for the clusters that tests, demo and benchmark start.
//
// A port that is free now may be taken by the time that a server binds it: by another cluster that is started in the
// same moment, or as the local end of somebody's connection. So a port that was chosen here is chosen by no other
// process until this one ends, and all ports lie below those that the system gives away by itself.
package ports
