package replica

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Open starts a driver.
type Open func(context.Context, Spec) (Driver, error)

// Main is the main function of a child: it plays what its only argument says,
// until SIGTERM. The drivers stand by the names of systems.
func Main(drivers map[string]Open) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := play(ctx, drivers, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(ctx context.Context, drivers map[string]Open, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d arguments: want one, what to play", len(args))
	}
	var spec Spec
	if err := json.Unmarshal([]byte(args[0]), &spec); err != nil {
		return fmt.Errorf("what to play: %w", err)
	}
	open, ok := drivers[spec.System]
	if !ok {
		return fmt.Errorf("this program does not play %q", spec.System)
	}
	d, err := open(ctx, spec)
	if err != nil {
		return fmt.Errorf("start %s %d in %s: %w", spec.System, spec.ID, spec.Dir, err)
	}
	return Serve(ctx, spec.Dir, d)
}
