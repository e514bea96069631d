package compare

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// build builds the programs into a folder: ours with the versions that our own
// go.mod names, not with those of this module, and those that play the other parts.
func build(ctx context.Context, out string, packages []string) error {
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	where, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "paxos").Output()
	if err != nil {
		return fmt.Errorf("find the module paxos (start the benchmark in its own folder): %w", err)
	}
	if err := goBuild(ctx, strings.TrimSpace(string(where)), filepath.Join(out, "paxos"), "./cmd/paxos"); err != nil {
		return err
	}
	return goBuild(ctx, "", out+string(filepath.Separator), packages...)
}

// goBuild builds packages of the module of a folder.
func goBuild(ctx context.Context, dir, out string, packages ...string) error {
	command := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-o", out}, packages)...)
	command.Dir = dir
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", strings.Join(packages, " "), err, text)
	}
	return nil
}
