package compare

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// build builds our own program with the versions that our own go.mod names, not
// with those of this module.
func build(ctx context.Context, out string) error {
	where, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "paxos").Output()
	if err != nil {
		return fmt.Errorf("find the module paxos (start the benchmark in its own folder): %w", err)
	}
	command := exec.CommandContext(ctx, "go", "build", "-o", out, "./cmd/paxos")
	command.Dir = strings.TrimSpace(string(where))
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build our own program: %w\n%s", err, text)
	}
	return nil
}
