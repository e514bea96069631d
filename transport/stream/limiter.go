package stream

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// complaints is how often a limiter logs at the most.
const complaints = time.Second

// limiter logs what strangers can provoke, once a second at the most.
type limiter struct {
	mu   sync.Mutex
	last time.Time
	kept int // silently, since last
}

func (l *limiter) warn(log hclog.Logger, message string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !l.last.IsZero() && now.Sub(l.last) < complaints {
		l.kept++
		return
	}
	log.Warn(message, append(args, "others_not_logged", l.kept)...)
	l.last, l.kept = now, 0
}
