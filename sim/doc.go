// Package sim runs whole clusters in one thread, under every fault that the
// protocol promises to survive, and checks each step. One seed is one run, bit
// for bit.
package sim
