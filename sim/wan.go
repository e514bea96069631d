package sim

import "time"

// Regions of the world, and how long a datagram takes from one to another: half of
// the round trips that cloud providers publish, in milliseconds.
var (
	regions = [...]string{"virginia", "oregon", "ireland", "frankfurt", "tokyo", "singapore", "sydney", "sao-paulo"}

	roundTrips = [len(regions)][len(regions)]int{
		{1, 70, 70, 90, 150, 215, 200, 115},
		{70, 1, 125, 145, 100, 165, 140, 175},
		{70, 125, 1, 25, 205, 175, 255, 180},
		{90, 145, 25, 1, 225, 160, 285, 200},
		{150, 100, 205, 225, 1, 70, 105, 255},
		{215, 165, 175, 160, 70, 1, 92, 325},
		{200, 140, 255, 285, 105, 92, 1, 310},
		{115, 175, 180, 200, 255, 325, 310, 1},
	}
)

// oneWay is how long a datagram takes between two regions.
func oneWay(from, to int) time.Duration {
	return time.Duration(roundTrips[from][to]) * time.Millisecond / 2
}
