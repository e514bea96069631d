package linearizable

import "testing"

// players is how many clients play at a time.
const players = 8

func TestServersAreKilledAndStartedAgain(t *testing.T) {
	s := newStage(t, 3, nil)
	stop := s.play(players, allKinds)
	s.torture(killSome, killAndStart)
	stop()
	s.finish()
}

func TestServersArePausedTheLeaderMostOften(t *testing.T) {
	s := newStage(t, 3, nil)
	stop := s.play(players, allKinds)
	s.torture(pauseSomeone, blink)
	stop()
	s.finish()
}

func TestTheNetworkIsPartedAtRandom(t *testing.T) {
	s := newPartedStage(t, 3)
	stop := s.play(players, allKinds)
	s.torture(part)
	stop()
	s.finish()
}

func TestEverythingAtOnceOnLinksThatLosePackets(t *testing.T) {
	s := newPartedStage(t, 5)
	s.lose(3)
	stop := s.play(players, allKinds)
	s.torture(killSome, killAndStart, pauseSomeone, blink, part)
	stop()
	s.finish()
}

// TestTheOldClientAppendsWhileTheNetworkIsParted is what the old test program
// does (contract B): it parts the servers at random while it appends through the old
// endpoint.
func TestTheOldClientAppendsWhileTheNetworkIsParted(t *testing.T) {
	s := newPartedStage(t, 5)
	stop := s.play(5, oldClient)
	s.torture(part)
	stop()
	s.finish()
}
