package linearizable

import "testing"

// playAll lets eight clients play: six ask for all there is, over plain HTTP, two
// append through the Go client.
func (s *stage) playAll() (stop func()) {
	stopPlain, stopSessions := s.play(6, allKinds), s.playSessions(2)
	return func() {
		stopPlain()
		stopSessions()
	}
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
